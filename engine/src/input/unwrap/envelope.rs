//! Envelopes: what shippers, buses and searches put around a record. One table; each entry says by which keys the
//! envelope is told and where in it the inside is.
//!
//! An envelope is opened only when something is in it: a shipper's `message` that is prose stays where it is, because
//! then the document around it is the record. Sources: the products' own pages, named at each entry.

use super::super::detect::Need;
use super::super::facts::Facts;
use super::super::json::{Scalar, Value};
use super::super::timestamp::{self, Unit};
use super::page::{pages, wrapped};
use super::telling::{TEXT_FIELDS, telling, text};

/// What is in an envelope.
pub(in super::super) enum Inside<'a> {
    /// One value.
    Value(Value<'a>),
    /// A list; each element stands for itself.
    Each(Value<'a>),
    /// A string: JSON, or a text record.
    Text(&'a str),
    /// A string of base64.
    Base64(&'a str),
    /// A dead letter's message in base64, and the place in it of what was rejected, where only that was.
    DeadLetter(&'a str, Option<u32>),
    /// An object that is inside if a product or another envelope knows it; else it is part of the record around it.
    Perhaps(Value<'a>),
}

/// One envelope.
pub(in super::super) struct Envelope {
    /// Its name in what is reported.
    pub(in super::super) name: &'static str,
    pub(in super::super) signatures: &'static [&'static [Need]],
    /// What is inside, with its facts added; `None` when nothing is.
    pub(in super::super) open: for<'a> fn(Value<'a>, &mut Facts<'a>) -> Option<Inside<'a>>,
}

/// Tried before any product: the row around a raw event has the event's own fields as well, as strings.
pub(in super::super) static BEFORE_PRODUCTS: &[Envelope] = &[
    // What a replay leaves of messages that it rejected.
    Envelope {
        name: "dead_letter",
        signatures: &[&[Need::present("bytes_base64"), Need::present("reason")]],
        open: |letter, _| {
            let index = letter.get("index").and_then(Value::scalar);
            let index = match index {
                Some(Scalar::Integer(index)) => u32::try_from(index).ok(),
                _ => None,
            };
            Some(Inside::DeadLetter(text(letter.get("bytes_base64"))?, index))
        },
    },
    // `kcat -J`, by which topics of dead letters are exported: https://github.com/edenhill/kcat
    Envelope {
        name: "kafka_record",
        signatures: &[&[
            Need::present("payload"),
            Need::present("topic"),
            Need::present("partition"),
            Need::present("offset"),
        ]],
        open: |record, _| {
            let payload = record.get("payload")?;
            object(Some(payload)).or_else(|| text(Some(payload)).map(Inside::Text))
        },
    },
    // https://docs.splunk.com/Documentation/Splunk/latest/RESTREF/RESTsearch
    Envelope {
        name: "splunk_row",
        signatures: &[&[Need::present("_raw")]],
        open: |row, facts| {
            splunk_row(row, facts);
            telling(row.get("_raw"))
        },
    },
];

/// Tried after the products, in this order, and before the general formats.
pub(in super::super) static AFTER_PRODUCTS: &[Envelope] = &[
    // https://docs.splunk.com/Documentation/Splunk/latest/Alert/Webhooks
    Envelope {
        name: "splunk_webhook",
        signatures: &[
            &[Need::present("result"), Need::present("results_link")],
            &[Need::present("result"), Need::present("search_name")],
            &[Need::present("result"), Need::present("sid")],
        ],
        open: |hook, facts| {
            facts.rule = hook.get("search_name").and_then(Value::as_str);
            object(hook.get("result"))
        },
    },
    Envelope {
        name: "splunk_export",
        signatures: &[
            &[Need::present("result"), Need::present("preview")],
            &[Need::present("result"), Need::present("offset")],
            &[Need::present("result"), Need::present("lastrow")],
        ],
        open: |row, _| object(row.get("result")),
    },
    // https://docs.splunk.com/Documentation/Splunk/latest/Data/FormateventsforHTTPEventCollector
    Envelope {
        name: "splunk_hec",
        signatures: &[
            &[Need::present("event"), Need::present("sourcetype")],
            &[Need::present("event"), Need::present("index")],
            &[
                Need::present("event"),
                Need::present("time"),
                Need::present("host"),
            ],
            &[
                Need::present("event"),
                Need::present("time"),
                Need::present("source"),
            ],
            &[Need::present("event"), Need::present("fields")],
        ],
        open: |hec, facts| {
            facts.time = time(hec.get("time")).or(facts.time);
            facts.host = text(hec.get("host")).or(facts.host);
            facts.feed = text(hec.get("sourcetype")).or(facts.feed);
            inside(hec.get("event")?)
        },
    },
    // https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
    Envelope {
        name: "eventbridge",
        signatures: &[&[Need::present("detail-type"), Need::present("detail")]],
        open: |event, facts| {
            facts.time = time(event.get("time")).or(facts.time);
            facts.feed = text(event.get("detail-type")).or(facts.feed);
            facts.account = text(event.get("account")).or(facts.account);
            facts.region = text(event.get("region")).or(facts.region);
            let detail = event.get("detail")?;
            list(detail.get("findings")).or_else(|| inside(detail))
        },
    },
    // https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
    Envelope {
        name: "sns",
        signatures: &[
            &[Need::present("Message"), Need::present("TopicArn")],
            &[Need::present("Sns"), Need::present("EventSource")],
        ],
        open: |hook, facts| {
            let hook = hook.get("Sns").unwrap_or(hook);
            facts.time = time(hook.get("Timestamp")).or(facts.time);
            telling(hook.get("Message"))
        },
    },
    // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_Message.html, and its Lambda event
    Envelope {
        name: "sqs",
        signatures: &[
            &[Need::present("Body"), Need::present("MessageId")],
            &[Need::present("body"), Need::present("messageId")],
        ],
        open: |message, _| telling(message.get("Body").or_else(|| message.get("body"))),
    },
    // https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
    Envelope {
        name: "kinesis",
        signatures: &[&[Need::present("kinesis"), Need::present("eventSource")]],
        open: |record, _| base64(record.get("kinesis")?.get("data")),
    },
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
    Envelope {
        name: "cloudwatch_logs",
        signatures: &[
            &[Need::present("logEvents"), Need::present("logGroup")],
            &[Need::present("awslogs")],
        ],
        open: |logs, facts| {
            facts.account = text(logs.get("owner")).or(facts.account);
            facts.feed = text(logs.get("logGroup")).or(facts.feed);
            list(logs.get("logEvents")).or_else(|| base64(logs.get("awslogs")?.get("data")))
        },
    },
    // https://learn.microsoft.com/azure/azure-monitor/essentials/stream-monitoring-data-event-hubs
    Envelope {
        name: "event_hub",
        signatures: &[&[Need::present("records")]],
        open: |hub, _| list(hub.get("records")),
    },
    Envelope {
        name: "azure_record",
        signatures: &[
            &[Need::present("properties"), Need::present("category")],
            &[Need::present("properties"), Need::present("operationName")],
        ],
        open: |record, facts| {
            facts.time = time(record.get("time")).or(facts.time);
            facts.feed = text(record.get("category")).or(facts.feed);
            facts.account = text(record.get("tenantId")).or(facts.account);
            inside(record.get("properties")?)
        },
    },
    // https://cloud.google.com/pubsub/docs/push#receive_push, and what its Kafka connectors write
    Envelope {
        name: "pubsub",
        signatures: &[
            &[Need::present("message.data")],
            &[Need::present("data"), Need::present("messageId")],
            &[Need::present("data"), Need::present("message_id")],
            &[Need::present("data"), Need::present("publishTime")],
            &[Need::present("data"), Need::present("attributes")],
        ],
        open: |push, facts| {
            let message = push.get("message").unwrap_or(push);
            let published = message
                .get("publishTime")
                .or_else(|| message.get("publish_time"));
            facts.time = time(published).or(facts.time);
            let data = message.get("data")?;
            inside(data).or_else(|| base64(Some(data)))
        },
    },
    // https://docs.confluent.io/platform/current/connect/concepts.html#connect-converters
    Envelope {
        name: "kafka_connect",
        signatures: &[&[Need::present("schema"), Need::present("payload")]],
        open: |connect, _| {
            let payload = connect.get("payload")?;
            inside(payload)
        },
    },
    // https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
    Envelope {
        name: "debezium",
        signatures: &[&[
            Need::present("after"),
            Need::present("op"),
            Need::present("source"),
        ]],
        open: |change, _| inside(change.get("after")?),
    },
    // https://www.elastic.co/guide/en/elasticsearch/reference/current/search-search.html
    Envelope {
        name: "elasticsearch_hit",
        signatures: &[
            &[Need::present("_source"), Need::present("_index")],
            &[Need::present("_source"), Need::present("_id")],
        ],
        open: |hit, facts| {
            facts.id = text(hit.get("_id"));
            object(hit.get("_source"))
        },
    },
    Envelope {
        name: "elasticsearch_search",
        signatures: &[&[Need::present("hits.hits")]],
        open: |search, _| list(search.get("hits")?.get("hits")),
    },
    // https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
    Envelope {
        name: "cloudevents",
        signatures: &[
            &[Need::present("specversion"), Need::present("data")],
            &[Need::present("specversion"), Need::present("data_base64")],
        ],
        open: |event, facts| {
            facts.time = time(event.get("time")).or(facts.time);
            facts.feed = text(event.get("type")).or(facts.feed);
            let data = event.get("data").and_then(inside);
            data.or_else(|| base64(event.get("data_base64")))
        },
    },
    // https://learn.microsoft.com/graph/api/resources/odata-paging
    Envelope {
        name: "graph_page",
        signatures: &[
            &[Need::present("value"), Need::present("@odata.context")],
            &[Need::present("value"), Need::present("@odata.nextLink")],
        ],
        open: |page, _| list(page.get("value")),
    },
    // https://www.elastic.co/guide/en/beats/filebeat/current/kafka-output.html
    Envelope {
        name: "filebeat",
        signatures: &[
            &[Need::present("@metadata.beat")],
            &[Need::present("@timestamp"), Need::present("agent.type")],
            &[Need::present("@timestamp"), Need::present("beat")],
            &[Need::present("@timestamp"), Need::present("event.original")],
            &[Need::present("@timestamp"), Need::present("@version")],
        ],
        open: |beat, facts| {
            facts.time = time(beat.get("@timestamp")).or(facts.time);
            let host = [
                "host.name",
                "host.hostname",
                "agent.hostname",
                "agent.name",
                "beat.hostname",
                "observer.name",
            ];
            facts.host = host
                .into_iter()
                .find_map(|path| text(beat.at(path)))
                .or_else(|| text(beat.get("host")))
                .or(facts.host);
            facts.feed = text(beat.at("event.module")).or(facts.feed);
            telling(beat.get("message"))
                .or_else(|| telling(beat.at("event.original")))
                .or_else(|| object(beat.get("json")))
        },
    },
    // https://vector.dev/docs/reference/configuration/sources/file/#output-data
    Envelope {
        name: "vector",
        signatures: &[&[Need::present("source_type"), Need::present("message")]],
        open: |event, facts| {
            facts.time = time(event.get("timestamp")).or(facts.time);
            facts.host = text(event.get("host")).or(facts.host);
            telling(event.get("message")).or_else(|| object(event.get("message")))
        },
    },
    // https://docs.fluentbit.io/manual/pipeline/outputs/kafka, docker's json-file and the kubernetes filter
    Envelope {
        name: "fluent_bit",
        signatures: &[&[Need::present("log")]],
        open: |event, facts| {
            let written = ["@timestamp", "time", "date", "timestamp"];
            facts.time = written
                .into_iter()
                .find_map(|key| time(event.get(key)))
                .or(facts.time);
            facts.host = ["host", "hostname", "kubernetes.host"]
                .into_iter()
                .find_map(|path| text(event.at(path)))
                .or(facts.host);
            telling(event.get("log")).or_else(|| object(event.get("log_processed")))
        },
    },
    // https://go2docs.graylog.org/current/getting_in_log_data/gelf.html
    Envelope {
        name: "gelf",
        signatures: &[&[Need::present("version"), Need::present("short_message")]],
        open: |gelf, facts| {
            facts.time = time(gelf.get("timestamp")).or(facts.time);
            facts.host = text(gelf.get("host")).or(facts.host);
            telling(gelf.get("full_message")).or_else(|| telling(gelf.get("short_message")))
        },
    },
    // https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, and Grafana's
    Envelope {
        name: "alertmanager",
        signatures: &[
            &[Need::present("alerts"), Need::present("groupKey")],
            &[Need::present("alerts"), Need::present("groupLabels")],
        ],
        open: |hook, _| list(hook.get("alerts")),
    },
    // https://www.bitdefender.com/business/support/en/77211-135319-build-an-event-push-service-api-connector-for-splunk.html
    Envelope {
        name: "json_rpc",
        signatures: &[&[Need::present("jsonrpc"), Need::present("params.events")]],
        open: |call, _| list(call.get("params")?.get("events")),
    },
    // What APIs answer with, and webhooks that send several: an object whose list holds the alerts.
    Envelope {
        name: "page",
        signatures: &[&[Need::Test(|page| pages(page).is_some())]],
        open: |page, _| pages(page),
    },
    // A string that holds the event, under one of the names that collectors have for it.
    Envelope {
        name: "text_field",
        signatures: &[
            &[Need::present("message")],
            &[Need::present("raw")],
            &[Need::present("msg")],
            &[Need::present("payload")],
            &[Need::present("data")],
            &[Need::present("body")],
            &[Need::present("line")],
            &[Need::present("content")],
            &[Need::present("event")],
            &[Need::present("original")],
            &[Need::present("raw_log")],
            &[Need::present("rawLog")],
            &[Need::present("raw_event")],
            &[Need::present("event.original")],
        ],
        open: |event, facts| {
            let written = ["@timestamp", "timestamp", "time", "_time"];
            facts.time = written
                .into_iter()
                .find_map(|key| time(event.get(key)))
                .or(facts.time);
            facts.host = text(event.get("host")).or(facts.host);
            TEXT_FIELDS
                .into_iter()
                .find_map(|path| telling(event.at(path)))
        },
    },
    // https://github.com/SeisoLLC/zeek-kafka#example-7: one key around the record, and static ones beside it.
    Envelope {
        name: "wrapper",
        signatures: &[&[Need::Test(|wrapper| wrapped(wrapper).is_some())]],
        open: |wrapper, facts| {
            let (key, value) = wrapped(wrapper)?;
            facts.feed = Some(key);
            Some(Inside::Perhaps(value))
        },
    },
];

fn splunk_row<'a>(row: Value<'a>, facts: &mut Facts<'a>) {
    facts.time = time(row.get("_time")).or(facts.time);
    facts.host = text(row.get("host")).or(facts.host);
    facts.feed = text(row.get("sourcetype")).or(facts.feed);
}

fn time(value: Option<Value<'_>>) -> Option<crate::time::Timestamp> {
    timestamp::read(value?.scalar()?, Unit::Auto, None)
}

/// An object, a list, or a string that tells its format.
fn inside(value: Value<'_>) -> Option<Inside<'_>> {
    object(Some(value))
        .or_else(|| list(Some(value)))
        .or_else(|| telling(Some(value)))
}

fn object(value: Option<Value<'_>>) -> Option<Inside<'_>> {
    value
        .filter(|value| value.fields().is_some() && value.len() > 0)
        .map(Inside::Value)
}

fn list(value: Option<Value<'_>>) -> Option<Inside<'_>> {
    value
        .filter(|value| value.elements().is_some() && value.scalar().is_none())
        .map(Inside::Each)
}

fn base64(value: Option<Value<'_>>) -> Option<Inside<'_>> {
    value?.as_str().map(Inside::Base64)
}

/// The scalar of a header of CloudEvents' binary mode, for facts.
pub(in super::super) fn header_time(bytes: &[u8]) -> Option<crate::time::Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?;
    timestamp::read(Scalar::Text(text), Unit::Auto, None)
}
