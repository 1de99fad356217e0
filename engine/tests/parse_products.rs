//! Behaviour: the messages of security products, each product with its typical, sparse and hostile ones and its variants.

mod parsing;

use parsing::story;

/// One test per product, over all of its fixtures; and the list of them.
macro_rules! products {
    ($($product:ident)*) => {
        const PRODUCTS: &[&str] = &[$(stringify!($product)),*];

        $(
            #[test]
            fn $product() {
                let product = stringify!($product);
                for (name, text) in parsing::fixtures(product) {
                    insta::assert_snapshot!(format!("{product}__{name}"), story(&text));
                }
            }
        )*
    };
}

products! {
    wazuh wazuh5 elastic crowdstrike sentinelone cortex falco zeek
    hayabusa chainsaw zircolite osquery canary splunk qradar cef leef snort panos
}

/// Whatever stands in place of one value, or of a few bytes, of a product's message: no panic, and no more than the
/// limits allow.
mod mutations {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::{PRODUCTS, parsing};

    /// Values that a hostile or careless producer may put anywhere.
    const ODD: [&str; 14] = [
        "null",
        "true",
        "-1",
        "1e308",
        "18446744073709551615",
        "\"\"",
        "\"-\"",
        "\"\\u0000\\u001b[31m\"",
        "\"ä=|\\\\¦ : \"",
        "\"S-1-5-21-1\"",
        "[]",
        "{}",
        "[[\"a\", null, {\"id\": [1]}], 5]",
        "{\"name\": {\"id\": \"x\"}, \"ip\": [\"10.0.0.1\"], \"\": 1}",
    ];

    static MESSAGES: LazyLock<Vec<String>> = LazyLock::new(|| {
        PRODUCTS
            .iter()
            .flat_map(|product| parsing::fixtures(product))
            .map(|(_, text)| text)
            .collect()
    });

    /// Puts `odd` in place of the value number `at`, counted from the root.
    fn replace(value: &mut Value, at: &mut usize, odd: &Value) {
        if *at == 0 {
            value.clone_from(odd);
        }
        *at = at.wrapping_sub(1);
        match value {
            Value::Array(elements) => elements
                .iter_mut()
                .for_each(|element| replace(element, at, odd)),
            Value::Object(fields) => fields
                .values_mut()
                .for_each(|field| replace(field, at, odd)),
            _ => {}
        }
    }

    fn check(text: &str) -> Result<(), TestCaseError> {
        let (_, alerts) = parsing::parse(text);
        for alert in alerts {
            prop_assert!(alert.entities.len() <= 64);
            prop_assert!(!alert.rule_id.is_empty());
            prop_assert!(alert.entities.iter().all(|entity| !entity.value.is_empty()));
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(192))]

        #[test]
        fn of_values_never_panic(
            which in any::<prop::sample::Index>(),
            at in any::<prop::sample::Index>(),
            odd in prop::sample::select(&ODD[..]),
        ) {
            let text = which.get(&MESSAGES);
            let odd: Value = serde_json::from_str(odd).expect("it is JSON");
            for line in text.lines().chain([text.as_str()]) {
                if let Ok(mut value) = serde_json::from_str::<Value>(line) {
                    replace(&mut value, &mut at.index(80), &odd);
                    check(&value.to_string())?;
                }
            }
        }

        #[test]
        fn of_bytes_never_panic(
            which in any::<prop::sample::Index>(),
            at in any::<prop::sample::Index>(),
            cut in 0_usize..12,
            put in "[\\PC]{0,6}",
        ) {
            let mut text: Vec<char> = which.get(&MESSAGES).chars().collect();
            let at = at.index(text.len());
            let end = text.len().min(at + cut);
            text.splice(at..end, put.chars());
            check(&text.into_iter().collect::<String>())?;
        }
    }
}
