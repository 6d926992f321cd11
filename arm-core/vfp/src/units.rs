//! Loops over a row of units.

/// Whether the magnitudes of all `values` are at most `limit`, which is finite; false where there is a NaN.
#[inline(always)]
pub fn within(limit: f32, values: &[f32]) -> bool {
    // As integers, of which any instruction set has vectors: the bits of a NaN or an infinity are above those of every
    // finite number, and the difference of two such numbers has the sign of the comparison.
    #[cfg(not(helium))]
    let any = values.iter().fold(0, |any, v| any | limit.to_bits().wrapping_sub(v.to_bits() & 0x7fff_ffff));
    // SAFETY: the slice has so many floats.
    #[cfg(helium)]
    let any = limit.to_bits().wrapping_sub(unsafe { crate::helium::largest(values.as_ptr(), values.len()) });
    any >> 31 == 0
}

/// The smallest magnitude in `values` that is not zero; infinity if there is none.
#[inline(never)]
pub fn smallest(values: &[f32]) -> f32 {
    // As integers one below: zero becomes the largest.
    #[cfg(not(helium))]
    let bits = values.iter().fold(u32::MAX, |m, d| (d.to_bits() & 0x7fff_ffff).wrapping_sub(1).min(m));
    // SAFETY: the slice has so many floats.
    #[cfg(helium)]
    let bits = unsafe { crate::helium::smallest(values.as_ptr(), values.len()) };
    bits.checked_add(1).map_or(f32::INFINITY, f32::from_bits)
}

/// `x`, or zero where its magnitude is below `tiny`.
#[inline(always)]
pub fn significant(tiny: f32, x: f32) -> f32 {
    if x.abs() < tiny { 0.0 } else { x }
}

/// y = slope y where y is below `tiny` > 0, and zero where the magnitude of that is. A slope of 1 leaves y as it is.
#[inline(never)]
pub fn activate(slope: f32, tiny: f32, y: &mut [f32]) {
    if slope == 1.0 {
        return;
    }
    #[cfg(not(helium))]
    for y in y {
        // As integers, positive numbers of some size are above all others.
        if (y.to_bits() as i32) < tiny.to_bits() as i32 {
            *y = significant(tiny, slope * *y);
        }
    }
    // SAFETY: the slice has so many floats.
    #[cfg(helium)]
    unsafe {
        crate::helium::activate(slope, tiny, y.as_mut_ptr(), y.len());
    }
}

/// dx = slope dx where `a` is not above zero, and zero where the magnitude is below `tiny`.
#[inline(never)]
pub fn activate_back(slope: f32, tiny: f32, a: &[f32], dx: &mut [f32]) {
    #[cfg(not(helium))]
    for (dx, a) in dx.iter_mut().zip(a) {
        let kept = a.to_bits() as i32 > 0;
        *dx = significant(tiny, if kept { *dx } else { slope * *dx });
    }
    // SAFETY: the slices have so many floats.
    #[cfg(helium)]
    unsafe {
        crate::helium::activate_back(slope, tiny, a.as_ptr(), dx.as_mut_ptr(), dx.len().min(a.len()));
    }
}

/// out = d^2.
#[inline(always)]
pub fn squares(d: &[f32], out: &mut [f32]) {
    #[cfg(not(helium))]
    out.iter_mut().zip(d).for_each(|(out, d)| *out = d * d);
    // SAFETY: the slices have so many floats.
    #[cfg(helium)]
    unsafe {
        crate::helium::squares(d.as_ptr(), out.as_mut_ptr(), d.len().min(out.len()));
    }
}

/// The first bits of a word, lowest first, as zeros and ones.
#[inline(always)]
pub fn floats(word: u32, out: &mut [f32; 8]) {
    #[cfg(not(helium))]
    for (i, x) in out.iter_mut().enumerate() {
        *x = (word >> i & 1) as f32;
    }
    // SAFETY: there are eight floats.
    #[cfg(helium)]
    unsafe {
        crate::helium::floats(word, out);
    }
}
