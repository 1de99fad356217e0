//! Alerts as the lines that the pretended products would write.
//!
//! JSON is put together by hand, key by key: the order of the keys stays, nothing is allocated beside the line, and all
//! text in it comes from our own tables, already escaped where it needs it.

mod json;
mod native;
mod pick;
mod suricata;
mod wazuh;

use super::alert::Alert;
use super::catalog::Sensor;
use super::civil::push_padded;
use super::names::write_hex;
use super::profile::Products;
use super::world::World;

/// The format of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    Native,
    Suricata,
    Wazuh,
}

impl Product {
    /// The word for it in `--format`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Suricata => "suricata",
            Self::Wazuh => "wazuh",
        }
    }
}

#[derive(Debug)]
pub(super) struct Renderer {
    products: Products,
    /// Tells the ids of one run from those of another seed, start or profile.
    pub tag: u32,
}

impl Renderer {
    pub(super) fn new(products: Products, tag: u32) -> Self {
        Self { products, tag }
    }

    pub(super) fn product(&self, sensor: Sensor) -> Product {
        match sensor {
            Sensor::Ids if self.products.suricata => Product::Suricata,
            Sensor::Siem if self.products.wazuh => Product::Wazuh,
            _ => Product::Native,
        }
    }

    /// Writes the line of `alert` and gives its native id, if its product has ids.
    pub(super) fn write(
        &self,
        alert: &Alert,
        number: u64,
        world: &World,
        line: &mut String,
    ) -> Option<String> {
        match self.product(alert.rule.sensor) {
            Product::Suricata => {
                suricata::write(alert, world, line);
                None
            }
            Product::Wazuh => {
                let id = self.wazuh_id(alert, number);
                wazuh::write(alert, &id, world, line);
                Some(id)
            }
            Product::Native => {
                let id = self.native_id(alert, number);
                native::write(alert, &id, world, line);
                Some(id)
            }
        }
    }

    fn native_id(&self, alert: &Alert, number: u64) -> String {
        let mut id = String::with_capacity(24);
        id.push_str(alert.rule.sensor.source());
        id.push('-');
        write_hex(u64::from(self.tag), 8, &mut id);
        id.push('-');
        push_padded(&mut id, number, 7);
        id
    }

    /// Seconds and a file offset, as Wazuh counts.
    fn wazuh_id(&self, alert: &Alert, number: u64) -> String {
        let mut id = String::with_capacity(24);
        push_padded(&mut id, (alert.event_ms / 1000).unsigned_abs(), 1);
        id.push('.');
        push_padded(&mut id, u64::from(self.tag) << 32 | number, 1);
        id
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::generate::{Generated, Generator, Profile};

    fn some(name: &str, products: Products) -> Vec<Generated> {
        let profile = Profile {
            products,
            ..Profile::by_name(name).unwrap()
        };
        Generator::new(&profile, 6, profile.start_ms)
            .take(6_000)
            .collect()
    }

    fn check_native(alert: &Generated, json: &Value) {
        assert_eq!(json["id"].as_str(), alert.native_id.as_deref());
        assert!(json["time"].as_str().unwrap().ends_with('Z'));
        assert_eq!(json["scope"].as_str().unwrap_or("default"), alert.scope);
        assert!(["edr", "siem", "idp", "mail", "ids"].contains(&json["source"].as_str().unwrap()));
        assert!(
            json["rule"]["id"].is_string()
                && json["rule"]["name"].is_string()
                && json["title"].is_string()
        );
        assert!(
            json["severity"].as_u64().is_some_and(|n| n <= 100) || json["severity"].is_string()
        );
        let entities = json["entities"].as_array().unwrap();
        let telling = entities
            .iter()
            .filter(|entity| entity["role"] != "observer");
        assert!(telling.count() >= 2, "{json}");
        assert!(
            entities
                .iter()
                .all(|entity| !entity["value"].as_str().unwrap().is_empty())
        );
    }

    fn check_suricata(alert: &Generated, json: &Value) {
        assert_eq!(alert.native_id, None);
        assert!(json["timestamp"].as_str().unwrap().ends_with("+0000"));
        for key in ["src_ip", "dest_ip"] {
            json[key]
                .as_str()
                .unwrap()
                .parse::<std::net::IpAddr>()
                .unwrap();
        }
        assert!(json["alert"]["signature_id"].is_u64() && json["flow_id"].is_u64());
        assert!(json["src_port"].as_u64().unwrap() > 0 && json["dest_port"].as_u64().unwrap() > 0);
    }

    fn check_wazuh(alert: &Generated, json: &Value) {
        assert_eq!(json["id"].as_str(), alert.native_id.as_deref());
        assert!(json["rule"]["level"].as_u64().unwrap() <= 16);
        assert!(json["agent"]["name"].is_string() && json["manager"]["name"].is_string());
    }

    #[test]
    fn every_line_is_json_of_its_product() {
        let all = Products::ALL;
        let none = Products::NATIVE;
        for name in Profile::names() {
            for alert in some(name, all).iter().chain(&some(name, none)) {
                assert!(!alert.line.contains('\n'));
                let json: Value = serde_json::from_str(&alert.line).unwrap();
                match alert.format {
                    Product::Native => check_native(alert, &json),
                    Product::Suricata => check_suricata(alert, &json),
                    Product::Wazuh => check_wazuh(alert, &json),
                }
            }
        }
    }

    #[test]
    fn products_that_are_off_come_as_native() {
        let suricata_only = some("small", Products::USUAL);
        let formats = |of: &[Generated]| {
            let has = |format| of.iter().any(|alert| alert.format == format);
            (
                has(Product::Native),
                has(Product::Suricata),
                has(Product::Wazuh),
            )
        };
        assert_eq!(formats(&suricata_only), (true, true, false));
        let native_only = some("small", Products::NATIVE);
        assert_eq!(formats(&native_only), (true, false, false));
        assert!(
            native_only
                .iter()
                .any(|alert| alert.line.contains("\"source\":\"ids\""))
        );
    }

    #[test]
    fn titles_of_noise_hold_hostile_text() {
        let profile = Profile::default().bounded_by(40_000);
        let alerts = Generator::new(&profile, 6, profile.start_ms).take(40_000);
        let hostile: Vec<Generated> = alerts
            .filter(|alert| alert.line.contains("<script>"))
            .collect();
        assert!(!hostile.is_empty());
        assert!(hostile.iter().all(|alert| alert.story.is_none()));
    }
}
