//! Behaviour: the messages of security products, each product with its typical, sparse and hostile ones and its variants.

mod parsing;

use parsing::story;

/// One test per product, over all of its fixtures.
macro_rules! products {
    ($($product:ident)*) => {
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
    hayabusa chainsaw zircolite osquery canary splunk qradar cef leef
}
