//! Numbers of flags.

/// A number of 32 bits. Errors: none, or one beyond their range, which would become infinity.
pub(super) fn number(text: &str) -> Result<f32, String> {
    let number: f32 = text.parse().map_err(|e| format!("{e}"))?;
    match text.parse::<f64>() {
        Ok(exact) if exact.is_finite() && number.is_infinite() => {
            Err("is beyond 3.4e38, the largest number of 32 bits".into())
        }
        _ => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_would_become_infinity_are_refused() {
        assert_eq!((number("1e-3"), number("-2")), (Ok(0.001), Ok(-2.0)));
        assert_eq!(number("inf"), Ok(f32::INFINITY));
        for (text, what) in
            [("1e300", "beyond 3.4e38"), ("-4e38", "beyond 3.4e38"), ("fast", "invalid float")]
        {
            assert!(number(text).unwrap_err().contains(what), "{text}");
        }
    }
}
