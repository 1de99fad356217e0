//! Any HTTP endpoint: the CloudEvent as it is, in binary mode of the HTTP protocol binding
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md>): attributes are
//! headers `ce-*`, the body is the OCSF Incident Finding, byte for byte what went to Kafka. `Idempotency-Key` is `ce-id`.

use std::fmt::Write as _;

use super::Tool;
use crate::outputs::client::{Client, Method, Question, Trouble};
use crate::outputs::told::Told;

/// The product.
#[derive(Debug)]
pub(super) struct Webhook;

impl Tool for Webhook {
    /// Who takes events as they are wants all of them.
    fn keeps_state(&self) -> bool {
        false
    }

    fn deliver(&mut self, told: &Told<'_>, _: bool, client: &Client) -> Result<(), Trouble> {
        let mut headers = vec![("idempotency-key".to_owned(), told.id.clone())];
        for (name, value) in &told.record.headers {
            let value = String::from_utf8_lossy(value);
            match name.strip_prefix("ce_") {
                Some(attribute) => headers.push((format!("ce-{attribute}"), escaped(&value))),
                None if name == "content-type" => headers.push((name.clone(), value.into_owned())),
                None => {}
            }
        }
        client.send(Question {
            method: Method::Post,
            path: "",
            headers,
            body: told.record.value.clone(),
        })?;
        Ok(())
    }
}

/// Section 3.1.3.2: blanks, quotes, percent signs and all but printable ASCII as `%XX` of their UTF-8.
fn escaped(value: &str) -> String {
    value.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'"' | b'%' | ..=0x20 | 0x7f.. => {
                write!(out, "%{byte:02X}").expect("writing to memory can't fail");
            }
            _ => out.push(char::from(byte)),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_escaped_as_the_binding_says() {
        assert_eq!(escaped("Euro € 😀"), "Euro%20%E2%82%AC%20%F0%9F%98%80");
        assert_eq!(escaped("default|1f\"%"), "default|1f%22%25");
    }
}
