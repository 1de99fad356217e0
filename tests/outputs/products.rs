//! The products: what each documents to accept, checked field by field, and as much of its behaviour as decides about
//! repeats. A request that a product would refuse is refused, and noted as a fault.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::fake::{Asked, Product};

/// An object of a product, made by a first request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Object {
    pub(crate) fields: BTreeMap<String, Value>,
    pub(crate) comments: Vec<String>,
    pub(crate) updates: usize,
}

/// What all of them have.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) objects: Vec<Object>,
    pub(crate) faults: Vec<String>,
}

impl Desk {
    fn fault(&mut self, what: String) -> (u16, Value) {
        self.faults.push(what.clone());
        (
            400,
            json!({"type": "BadRequest", "message": what, "failed": true}),
        )
    }

    fn make(&mut self, body: Value) -> usize {
        let fields = body.as_object().unwrap().clone().into_iter().collect();
        self.objects.push(Object {
            fields,
            ..Object::default()
        });
        self.objects.len() - 1
    }

    fn find(&self, field: &str, value: &str) -> Option<usize> {
        let is_it = |object: &Object| object.fields.get(field).is_some_and(|found| found == value);
        self.objects.iter().position(is_it)
    }

    fn update(&mut self, index: usize, body: &Value) {
        let object = &mut self.objects[index];
        object.updates += 1;
        for (name, value) in body.as_object().unwrap() {
            object.fields.insert(name.clone(), value.clone());
        }
    }
}

/// Checks the fields of an object: each is known and of its type and length, and those that must be are there.
struct Shape<'a> {
    fields: &'a [(&'a str, Kind)],
    needed: &'a [&'a str],
}

#[derive(Clone, Copy)]
enum Kind {
    /// Characters at most, without line breaks.
    Line(usize),
    /// Characters at most.
    Text(usize),
    /// From, to.
    Number(i64, i64),
    /// Lines of so many characters.
    Lines(usize),
    /// Objects, checked elsewhere.
    Objects,
    Object,
    One(&'static [&'static str]),
    Flag,
}

impl Kind {
    fn fits(self, value: &Value) -> bool {
        let short = |text: &str, max: usize| text.chars().count() <= max;
        match (self, value) {
            (Self::Line(max), Value::String(text)) => {
                !text.contains(char::is_control) && short(text, max)
            }
            (Self::Text(max), Value::String(text)) => short(text, max),
            (Self::Number(from, to), Value::Number(number)) => number
                .as_i64()
                .is_some_and(|number| (from..=to).contains(&number)),
            (Self::Lines(max), Value::Array(lines)) => {
                lines.iter().all(|line| Self::Line(max).fits(line))
            }
            (Self::Objects, Value::Array(items)) => items.iter().all(Value::is_object),
            (Self::One(words), Value::String(text)) => words.contains(&&**text),
            (Self::Object, Value::Object(_)) | (Self::Flag, Value::Bool(_)) => true,
            _ => false,
        }
    }
}

impl Shape<'_> {
    fn check(&self, body: &Value) -> Result<(), String> {
        let object = body.as_object().ok_or("no object")?;
        for needed in self.needed {
            if !object.contains_key(*needed) {
                return Err(format!("{needed} is missing"));
            }
        }
        for (name, value) in object {
            let known = self.fields.iter().find(|(known, _)| known == name);
            let Some((_, kind)) = known else {
                return Err(format!("{name} is not known"));
            };
            if !kind.fits(value) {
                return Err(format!("{name} does not fit: {value}"));
            }
        }
        Ok(())
    }
}

fn body(asked: &Asked) -> Value {
    serde_json::from_str(&asked.body).unwrap()
}

fn tail(path: &str) -> usize {
    path.rsplit('/')
        .next()
        .unwrap()
        .trim_start_matches(['~', '-'])
        .parse()
        .unwrap()
}

/// TheHive 5, types and lengths of its OpenAPI description.
#[derive(Debug, Default)]
pub(crate) struct TheHive(pub(crate) Desk);

const HIVE_ALERT: Shape<'_> = Shape {
    fields: &[
        ("type", Kind::Line(32)),
        ("source", Kind::Line(64)),
        ("sourceRef", Kind::Line(128)),
        ("externalLink", Kind::Line(512)),
        ("title", Kind::Line(512)),
        ("description", Kind::Text(1_048_576)),
        ("severity", Kind::Number(1, 4)),
        ("date", Kind::Number(0, 253_402_300_799_999)),
        ("tags", Kind::Lines(128)),
        ("observables", Kind::Objects),
    ],
    needed: &["type", "source", "sourceRef", "title", "description"],
};
const HIVE_UPDATE: Shape<'_> = Shape {
    fields: HIVE_ALERT.fields,
    needed: &[],
};
const HIVE_OBSERVABLE: Shape<'_> = Shape {
    fields: &[
        (
            "dataType",
            Kind::One(&[
                "ip", "domain", "url", "hash", "mail", "hostname", "filename", "other",
            ]),
        ),
        ("data", Kind::Text(4_096)),
        ("tags", Kind::Lines(128)),
    ],
    needed: &["dataType", "data"],
};

impl TheHive {
    fn create(&mut self, body: Value) -> (u16, Value) {
        if let Err(fault) = HIVE_ALERT.check(&body) {
            return self.0.fault(fault);
        }
        let observables = body["observables"].as_array().cloned().unwrap_or_default();
        for observable in &observables {
            if let Err(fault) = HIVE_OBSERVABLE.check(observable) {
                return self.0.fault(fault);
            }
        }
        let reference = body["sourceRef"].as_str().unwrap().to_owned();
        if self.0.find("sourceRef", &reference).is_some() {
            let message = "Alert caseloom already exists";
            return (400, json!({"type": "CreateError", "message": message}));
        }
        let index = self.0.make(body);
        (201, json!({"_id": format!("~{index}"), "_type": "Alert"}))
    }

    fn query(&self, query: &Value) -> (u16, Value) {
        if query["query"][0]["_name"] == "getAlert" {
            let id = tail(query["query"][0]["idOrName"].as_str().unwrap());
            let comments = self.0.objects[id].comments.iter();
            return (200, comments.map(|text| json!({"message": text})).collect());
        }
        let wanted = &query["query"][1]["_and"][2]["_eq"];
        assert_eq!(wanted["_field"], "sourceRef");
        let found = self.0.find("sourceRef", wanted["_value"].as_str().unwrap());
        let found = found.map(|index| json!({"_id": format!("~{index}")}));
        (200, found.into_iter().collect())
    }
}

impl Product for TheHive {
    fn handle(&mut self, asked: &Asked) -> (u16, Value) {
        assert_eq!(asked.headers["authorization"], "Bearer s3cret");
        match (&*asked.method, &*asked.path) {
            ("POST", "/api/v1/alert") => self.create(body(asked)),
            ("POST", "/api/v1/query") => self.query(&body(asked)),
            ("PATCH", path) => match HIVE_UPDATE.check(&body(asked)) {
                Ok(()) => {
                    self.0.update(tail(path), &body(asked));
                    (204, Value::Null)
                }
                Err(fault) => self.0.fault(fault),
            },
            ("POST", path) => {
                let alert = tail(path.strip_suffix("/comment").unwrap());
                let text = body(asked)["message"].as_str().unwrap().to_owned();
                self.0.objects[alert].comments.push(text);
                (201, json!({"_id": "~c"}))
            }
            _ => self.0.fault(format!("{} {}", asked.method, asked.path)),
        }
    }
}

/// DFIR-IRIS 2.4: many alerts may have one reference; an update without an owner takes the alert over.
#[derive(Debug, Default)]
pub(crate) struct Iris(pub(crate) Desk);

const IRIS_ALERT: Shape<'_> = Shape {
    fields: &[
        ("alert_title", Kind::Line(512)),
        ("alert_description", Kind::Text(1 << 20)),
        ("alert_source", Kind::Line(512)),
        ("alert_source_ref", Kind::Line(512)),
        ("alert_source_link", Kind::Line(2_048)),
        ("alert_severity_id", Kind::Number(10, 15)),
        ("alert_status_id", Kind::Number(20, 29)),
        ("alert_customer_id", Kind::Number(1, 9)),
        ("alert_source_event_time", Kind::Line(19)),
        ("alert_source_content", Kind::Object),
        ("alert_tags", Kind::Line(4_096)),
        ("alert_owner_id", Kind::Number(-1, 99)),
    ],
    needed: &[
        "alert_title",
        "alert_severity_id",
        "alert_status_id",
        "alert_customer_id",
    ],
};
const IRIS_UPDATE: Shape<'_> = Shape {
    fields: IRIS_ALERT.fields,
    needed: &["alert_owner_id"],
};

impl Product for Iris {
    fn handle(&mut self, asked: &Asked) -> (u16, Value) {
        assert_eq!(asked.headers["authorization"], "Bearer s3cret");
        let done = |data: Value| {
            (
                200,
                json!({"status": "success", "message": "", "data": data}),
            )
        };
        let names = [
            "Unspecified",
            "Informational",
            "Low",
            "Medium",
            "High",
            "Critical",
        ];
        match (&*asked.method, &*asked.path) {
            ("GET", "/manage/severities/list") => done(
                (10..)
                    .zip(names)
                    .map(|(id, name)| json!({"severity_id": id, "severity_name": name}))
                    .collect(),
            ),
            ("GET", "/manage/alert-status/list") => done(
                json!([{"status_id": 20, "status_name": "Unspecified"}, {"status_id": 22, "status_name": "New"}]),
            ),
            ("GET", "/alerts/filter") => {
                let wanted = &asked.query["source_reference"];
                let like = |(id, object): (usize, &Object)| {
                    let reference = object.fields["alert_source_ref"].as_str().unwrap();
                    let owner = object
                        .fields
                        .get("alert_owner_id")
                        .filter(|owner| **owner != -1);
                    reference.contains(&**wanted).then(|| {
                        json!({"alert_id": id, "alert_source_ref": reference, "alert_owner_id": owner})
                    })
                };
                let alerts: Value = self.0.objects.iter().enumerate().filter_map(like).collect();
                done(json!({"alerts": alerts}))
            }
            ("POST", "/alerts/add") => match IRIS_ALERT.check(&body(asked)) {
                Ok(()) => {
                    let id = self.0.make(body(asked));
                    done(json!({"alert_id": id}))
                }
                Err(fault) => self.0.fault(fault),
            },
            ("POST", path) if path.starts_with("/alerts/update/") => {
                match IRIS_UPDATE.check(&body(asked)) {
                    Ok(()) => {
                        self.0.update(tail(path), &body(asked));
                        done(Value::Null)
                    }
                    Err(fault) => self.0.fault(fault),
                }
            }
            ("GET", path) => {
                let id = tail(path.strip_suffix("/comments/list").unwrap());
                let comments = self.0.objects[id].comments.iter();
                done(comments.map(|text| json!({"comment_text": text})).collect())
            }
            ("POST", path) => {
                let id = tail(path.strip_suffix("/comments/add").unwrap());
                let text = body(asked)["comment_text"].as_str().unwrap().to_owned();
                self.0.objects[id].comments.push(text);
                done(Value::Null)
            }
            _ => self.0.fault(format!("{} {}", asked.method, asked.path)),
        }
    }
}

/// ServiceNow: events of one message key are one alert.
#[derive(Debug, Default)]
pub(crate) struct ServiceNow(pub(crate) Desk);

const EM_EVENT: Shape<'_> = Shape {
    fields: &[
        ("source", Kind::Line(100)),
        ("event_class", Kind::Line(100)),
        ("node", Kind::Line(100)),
        ("resource", Kind::Line(100)),
        ("type", Kind::Line(100)),
        ("metric_name", Kind::Line(100)),
        ("message_key", Kind::Line(1_024)),
        ("severity", Kind::One(&["0", "1", "2", "3", "4", "5"])),
        ("resolution_state", Kind::One(&["New", "Closing"])),
        ("time_of_event", Kind::Line(19)),
        ("description", Kind::Text(4_000)),
        ("additional_info", Kind::Text(1 << 20)),
    ],
    needed: &[
        "source",
        "severity",
        "message_key",
        "event_class",
        "node",
        "time_of_event",
    ],
};

impl Product for ServiceNow {
    fn handle(&mut self, asked: &Asked) -> (u16, Value) {
        // caseloom:s3cret
        assert_eq!(asked.headers["authorization"], "Basic Y2FzZWxvb206czNjcmV0");
        if (&*asked.method, &*asked.path) != ("POST", "/api/global/em/jsonv2") {
            return self.0.fault(format!("{} {}", asked.method, asked.path));
        }
        for event in body(asked)["records"].as_array().unwrap() {
            let info = event["additional_info"]
                .as_str()
                .map(serde_json::from_str::<BTreeMap<String, String>>);
            let is_info = info.is_some_and(|info| info.is_ok());
            if let Err(fault) = EM_EVENT.check(event).and_then(|()| match is_info {
                true => Ok(()),
                false => Err("additional_info holds no JSON of texts".into()),
            }) {
                return self.0.fault(fault);
            }
            match self
                .0
                .find("message_key", event["message_key"].as_str().unwrap())
            {
                Some(alert) => self.0.update(alert, event),
                None => drop(self.0.make(event.clone())),
            }
        }
        (
            200,
            json!({"Default Bulk Endpoint": "1 events were inserted"}),
        )
    }
}

/// Splunk SOAR: one container for each identifier in a label.
#[derive(Debug, Default)]
pub(crate) struct Soar(pub(crate) Desk);

const CONTAINER: Shape<'_> = Shape {
    fields: &[
        ("name", Kind::Line(256)),
        ("description", Kind::Text(1 << 20)),
        ("severity", Kind::One(&["low", "medium", "high"])),
        ("data", Kind::Object),
        ("label", Kind::One(&["events"])),
        ("source_data_identifier", Kind::Line(256)),
        ("start_time", Kind::Line(24)),
        ("tags", Kind::Lines(128)),
        ("artifacts", Kind::Objects),
    ],
    needed: &["name", "label"],
};
const CONTAINER_UPDATE: Shape<'_> = Shape {
    fields: CONTAINER.fields,
    needed: &[],
};
const ARTIFACT: Shape<'_> = Shape {
    fields: &[
        ("name", Kind::Line(256)),
        ("label", Kind::Line(128)),
        ("source_data_identifier", Kind::Line(256)),
        ("cef", Kind::Object),
        ("cef_types", Kind::Object),
    ],
    needed: &["name", "cef"],
};

impl Product for Soar {
    fn handle(&mut self, asked: &Asked) -> (u16, Value) {
        assert_eq!(asked.headers["ph-auth-token"], "s3cret");
        match (&*asked.method, &*asked.path) {
            ("POST", "/rest/container") => {
                let body = body(asked);
                let artifacts = body["artifacts"].as_array().into_iter().flatten();
                let checked = CONTAINER.check(&body);
                if let Err(fault) = artifacts.fold(checked, |so_far, one| {
                    so_far.and_then(|()| ARTIFACT.check(one))
                }) {
                    return self.0.fault(fault);
                }
                let identifier = body["source_data_identifier"].as_str().unwrap();
                if let Some(index) = self.0.find("source_data_identifier", identifier) {
                    let id = index + 1;
                    return (
                        400,
                        json!({"failed": true, "message": "duplicate with this label", "existing_container_id": id}),
                    );
                }
                let id = self.0.make(body) + 1;
                (200, json!({"success": true, "id": id}))
            }
            ("POST", "/rest/container_comment") => {
                let body = body(asked);
                let index = body["container_id"].as_u64().unwrap() as usize - 1;
                let text = body["comment"].as_str().unwrap().to_owned();
                self.0.objects[index].comments.push(text);
                (200, json!({"success": true}))
            }
            ("POST", path) => match CONTAINER_UPDATE.check(&body(asked)) {
                Ok(()) => {
                    self.0.update(tail(path) - 1, &body(asked));
                    (200, json!({"success": true}))
                }
                Err(fault) => self.0.fault(fault),
            },
            ("GET", path) => {
                let index = tail(path.strip_suffix("/comments").unwrap()) - 1;
                let comments = self.0.objects[index].comments.iter();
                let comments: Value = comments.map(|text| json!({"comment": text})).collect();
                (200, json!({"count": 1, "data": comments}))
            }
            _ => self.0.fault(format!("{} {}", asked.method, asked.path)),
        }
    }
}

/// Jira Cloud: no key of ours, a search by label.
#[derive(Debug, Default)]
pub(crate) struct Jira(pub(crate) Desk);

const ISSUE: Shape<'_> = Shape {
    fields: &[
        ("project", Kind::Object),
        ("issuetype", Kind::Object),
        ("summary", Kind::Line(255)),
        ("description", Kind::Object),
        ("labels", Kind::Lines(255)),
    ],
    needed: &["project", "issuetype", "summary"],
};
const ISSUE_UPDATE: Shape<'_> = Shape {
    fields: ISSUE.fields,
    needed: &[],
};

impl Jira {
    /// The Atlassian Document Format, as far as it is used.
    fn document(document: &Value) -> Result<String, String> {
        if document["type"] != "doc" || document["version"] != 1 {
            return Err("no document".into());
        }
        let mut text = String::new();
        for paragraph in document["content"].as_array().ok_or("no content")? {
            if paragraph["type"] != "paragraph" {
                return Err(format!("no paragraph: {paragraph}"));
            }
            for part in paragraph["content"].as_array().ok_or("no text")? {
                let part = part["text"].as_str().filter(|text| !text.is_empty());
                text.push_str(part.ok_or("an empty text")?);
                text.push('\n');
            }
        }
        match text.len() <= 32_767 {
            true => Ok(text),
            false => Err("too long".into()),
        }
    }
}

impl Product for Jira {
    fn handle(&mut self, asked: &Asked) -> (u16, Value) {
        // caseloom:s3cret
        assert_eq!(asked.headers["authorization"], "Basic Y2FzZWxvb206czNjcmV0");
        match (&*asked.method, &*asked.path) {
            ("GET", "/rest/api/3/search/jql") => {
                let jql = &asked.query["jql"];
                assert!(
                    jql.starts_with("project = \"SOC\" AND labels = \"caseloom-"),
                    "{jql}"
                );
                let label = jql.split('"').nth(3).unwrap();
                let has = |object: &Object| {
                    let labels = object.fields["labels"].as_array().unwrap();
                    labels.iter().any(|found| found == label)
                };
                let found = self.0.objects.iter().position(has);
                let issues = found.map(|index| json!({"key": format!("SOC-{index}")}));
                (
                    200,
                    json!({"issues": issues.into_iter().collect::<Value>(), "isLast": true}),
                )
            }
            ("POST", "/rest/api/3/issue") => {
                let fields = body(asked)["fields"].clone();
                let labels = fields["labels"].as_array().into_iter().flatten();
                let blank = labels
                    .filter_map(Value::as_str)
                    .any(|label| label.contains(' '));
                let checked = ISSUE.check(&fields);
                let checked =
                    checked.and_then(|()| Self::document(&fields["description"]).map(drop));
                match checked {
                    Ok(()) if !blank => {
                        let index = self.0.make(fields);
                        (201, json!({"id": "1", "key": format!("SOC-{index}")}))
                    }
                    fault => self.0.fault(format!("{fault:?}")),
                }
            }
            ("PUT", path) => match ISSUE_UPDATE.check(&body(asked)["fields"]) {
                Ok(()) => {
                    self.0.update(key(path), &body(asked)["fields"]);
                    (204, Value::Null)
                }
                Err(fault) => self.0.fault(fault),
            },
            ("POST", path) => {
                let index = key(path.strip_suffix("/comment").unwrap());
                match Self::document(&body(asked)["body"]) {
                    Ok(text) => {
                        self.0.objects[index].comments.push(text);
                        (201, json!({"id": "1"}))
                    }
                    Err(fault) => self.0.fault(fault),
                }
            }
            ("GET", path) => {
                let comments = self.0.objects[key(path.strip_suffix("/comment").unwrap())]
                    .comments
                    .iter();
                let comments: Value = comments
                    .map(|text| json!({"body": {"content": [text]}}))
                    .collect();
                (200, json!({"comments": comments}))
            }
            _ => self.0.fault(format!("{} {}", asked.method, asked.path)),
        }
    }
}

fn key(path: &str) -> usize {
    path.rsplit("SOC-").next().unwrap().parse().unwrap()
}

/// Slack's incoming webhook: each message a message.
#[derive(Debug, Default)]
pub(crate) struct Slack(pub(crate) Desk);

const MESSAGE: Shape<'_> = Shape {
    fields: &[
        ("text", Kind::Line(4_000)),
        ("mrkdwn", Kind::Flag),
        ("unfurl_links", Kind::Flag),
        ("attachments", Kind::Objects),
    ],
    needed: &["text"],
};
const ATTACHMENT: Shape<'_> = Shape {
    fields: &[
        ("fallback", Kind::Line(4_000)),
        ("color", Kind::Line(7)),
        ("title", Kind::Line(1_000)),
        ("title_link", Kind::Line(2_000)),
        ("text", Kind::Line(4_000)),
        ("fields", Kind::Objects),
        ("footer", Kind::Line(300)),
        ("ts", Kind::Number(0, 253_402_300_799)),
        ("mrkdwn_in", Kind::Lines(0)),
    ],
    needed: &["fallback"],
};

impl Product for Slack {
    fn handle(&mut self, asked: &Asked) -> (u16, Value) {
        let body = body(asked);
        let attachments = body["attachments"].as_array().into_iter().flatten();
        let checked = MESSAGE.check(&body);
        let checked = attachments.fold(checked, |so_far, one| {
            so_far.and_then(|()| ATTACHMENT.check(one))
        });
        match checked {
            Ok(()) if asked.path == "/services/T0/B0/hush" => {
                self.0.make(body);
                (200, json!("ok"))
            }
            fault => self.0.fault(format!("{fault:?} at {}", asked.path)),
        }
    }
}

/// An endpoint that takes CloudEvents in binary mode and knows what it has.
#[derive(Debug, Default)]
pub(crate) struct Webhook {
    pub(crate) desk: Desk,
    pub(crate) taken: Vec<(String, String)>,
}

impl Product for Webhook {
    fn handle(&mut self, asked: &Asked) -> (u16, Value) {
        for name in [
            "ce-id",
            "ce-source",
            "ce-type",
            "ce-specversion",
            "ce-time",
            "ce-subject",
        ] {
            if !asked.headers.contains_key(name) {
                return self.desk.fault(format!("{name} is missing"));
            }
        }
        let id = asked.headers["ce-id"].clone();
        if asked.headers["idempotency-key"] != id
            || asked.headers["content-type"] != "application/json"
        {
            return self.desk.fault("the key or the type is another".into());
        }
        if !self.taken.iter().any(|(known, _)| *known == id) {
            self.taken.push((id, asked.body.clone()));
        }
        (202, Value::Null)
    }
}
