//! What is written as one word.

/// `TryFrom<String>` and `Into<String>` for what is written as one word.
#[doc(hidden)]
#[macro_export]
macro_rules! written {
    ($name:ty, $value:ident => $text:expr) => {
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from($value: $name) -> String {
                $text
            }
        }
    };
}
