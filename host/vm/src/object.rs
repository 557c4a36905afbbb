//! Structs that are read from JSON objects alone. What serde derives also takes an array, whose elements it takes for
//! the fields in their order; nobody who writes a file means that.

/// Implements `serde::Deserialize` for structs whose derived implementation is their own
/// (`#[serde(remote = "Self")]`): the same, but of an object only.
#[macro_export]
macro_rules! deserialize_objects_only {
    ($($fields:ident),* $(,)?) => {$(
        impl<'de> serde::Deserialize<'de> for $fields {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Fields;
                impl<'de> serde::de::Visitor<'de> for Fields {
                    type Value = $fields;

                    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<$fields, A::Error> {
                        <$fields>::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    }
                }
                deserializer.deserialize_map(Fields)
            }
        }
    )*};
}

/// Implements `serde::Serialize` for such structs: as it is derived.
macro_rules! serialize_as_derived {
    ($($fields:ident),* $(,)?) => {$(
        impl serde::Serialize for $fields {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                <$fields>::serialize(self, serializer)
            }
        }
    )*};
}
pub(crate) use serialize_as_derived;
