//! Environment variables over the file: `CASELOOM__KAFKA__BROKERS` is `kafka.brokers`.
//!
//! A double underscore goes one table down; a number addresses an element of a list, such as
//! `CASELOOM__INPUT__0__TOPIC`, and the number after the last one appends. Below `kafka.properties` a single underscore
//! stands for the dot of librdkafka's names: `CASELOOM__KAFKA__PROPERTIES__SASL_USERNAME` is `sasl.username`.
//! The value has the type of its key; lists are separated by commas.

use std::collections::BTreeMap;

use super::error::{Place, Problem};
use super::tree::{Node, Value};

/// What the variables' names begin with.
const PREFIX: &str = "CASELOOM__";

/// The environment as given to the loader, in the order of names.
pub(super) type Environment = BTreeMap<String, String>;

/// Writes every `CASELOOM__` variable into `tree`.
pub(super) fn apply(tree: &mut Node, environment: &Environment, problems: &mut Vec<Problem>) {
    for (name, text) in environment {
        let Some(key) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let steps = steps(key);
        if let Err(message) = set(tree, &steps, name, text) {
            problems.push(Problem {
                place: Place::Variable(name.clone()),
                key: steps.join("."),
                message,
            });
        }
    }
}

fn steps(key: &str) -> Vec<String> {
    let mut steps: Vec<String> = key.split("__").map(str::to_lowercase).collect();
    if let [first, second, name] = steps.as_mut_slice()
        && first == "kafka"
        && second == "properties"
    {
        *name = name.replace('_', ".");
    }
    steps
}

/// Goes down to the node that `steps` name, making what is missing, and writes `text` there.
fn set(node: &mut Node, steps: &[String], name: &str, text: &str) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else {
        *node = Node {
            place: Place::Variable(name.to_owned()),
            value: Value::Variable(text.to_owned()),
        };
        return Ok(());
    };
    if step.is_empty() {
        return Err("a name is missing between the underscores".into());
    }
    let child = child(node, step, || missing(rest, name))?;
    set(child, rest, name, text)
}

fn child<'a>(
    node: &'a mut Node,
    step: &str,
    missing: impl FnOnce() -> Node,
) -> Result<&'a mut Node, String> {
    match &mut node.value {
        Value::Table(entries) => Ok(entries.entry(step.to_owned()).or_insert_with(missing)),
        Value::Array(items) => match step.parse() {
            Ok(index) if index <= items.len() => Ok(items.entry(index).or_insert_with(missing)),
            _ => Err(format!("{step} is not an index from 0 to {}", items.len())),
        },
        _ => Err(format!(
            "there is nothing below it to set: no table or list holds {step}"
        )),
    }
}

/// An empty list where an index follows, else an empty table.
fn missing(rest: &[String], name: &str) -> Node {
    let index_follows = rest
        .first()
        .is_some_and(|step| step.parse::<usize>().is_ok());
    let value = match index_follows {
        true => Value::Array(BTreeMap::new()),
        false => Value::Table(BTreeMap::new()),
    };
    Node {
        place: Place::Variable(name.to_owned()),
        value,
    }
}
