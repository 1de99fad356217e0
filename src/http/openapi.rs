//! `/api/v1/openapi.json`: what the API is, for programs (OpenAPI 3.1). Paths, parameters and bodies stand at the
//! handlers; what holds for all of them, refusals above all, is added here once.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use super::App;
use super::problem::{HttpError, Problem};

/// What a case id looks like.
const ID_PATTERN: &str = "^[0-9a-hjkmnp-tv-z]{13}$";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "caseloom",
        description = "Cases made of security alerts: lists, single cases, what people do to them. Errors are problem \
            documents (RFC 9457); times are RFC 3339 in UTC."
    ),
    components(schemas(Problem))
)]
struct Head;

/// The document without paths.
pub(super) fn head() -> Document {
    Head::openapi()
}

/// `GET /api/v1/openapi.json`
#[utoipa::path(get, path = "/openapi.json", tag = "api", operation_id = "openapi",
    responses((status = 200, description = "This document", body = Object)))]
pub(super) async fn openapi(State(app): State<App>) -> Result<Response, HttpError> {
    let text = app.document.get().ok_or(HttpError::Failed)?;
    Ok(([(CONTENT_TYPE, "application/json")], text.clone()).into_response())
}

/// The document as it is served.
pub(super) fn complete(document: &Document) -> String {
    let mut value = serde_json::to_value(document).unwrap_or_default();
    value["components"]["securitySchemes"] = json!({
        "bearer": {"type": "http", "scheme": "bearer"},
        "basic": {"type": "http", "scheme": "basic", "description": "The token as the password, with any name."},
    });
    value["components"]["schemas"]["Moved"] = json!({
        "type": "object",
        "description": "The case is part of another one now.",
        "required": ["id", "stage", "merged_into", "location"],
        "properties": {
            "id": {"type": "string"}, "stage": {"const": "merged"},
            "merged_into": {"type": "string"}, "location": {"type": "string"},
        },
    });
    let paths = value["paths"].as_object_mut();
    for (path, methods) in paths.into_iter().flatten() {
        for (method, operation) in methods.as_object_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                Operation { path, method }.complete(operation);
            }
        }
    }
    value.to_string()
}

/// Whose answers are completed.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
}

impl Operation<'_> {
    fn complete(&self, operation: &mut Map<String, Value>) {
        let of_case = self.path.contains("{id}");
        let of_silence = self.path.contains("{silence}");
        let writes = self.method != "get";
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        if let Some(parameters) = parameters.as_array_mut() {
            parameters.iter_mut().for_each(plain_parameter);
            if of_case {
                parameters.retain(|parameter| parameter["name"] != "id");
                parameters.push(json!({"name": "id", "in": "path", "required": true, "description": "Id of the case or candidate",
                    "schema": {"type": "string", "pattern": ID_PATTERN}}));
            }
            if writes && (of_case || of_silence) {
                parameters.push(json!({"name": "If-Match", "in": "header", "required": true,
                    "description": "The revision that was seen, as ETag has it", "schema": {"type": "string", "pattern": "^\"[0-9]{1,19}\"$"}}));
            }
            if writes {
                parameters.push(json!({"name": "Idempotency-Key", "in": "header", "required": false,
                    "description": "Makes a repetition within 24 hours harmless",
                    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"}}));
            }
        }
        operation.insert(
            "security".into(),
            json!([{"bearer": []}, {"basic": []}, {}]),
        );
        let responses = operation.entry("responses").or_insert_with(|| json!({}));
        let Some(responses) = responses.as_object_mut() else {
            return;
        };
        if of_case {
            for status in ["200", "201"] {
                if let Some(response) = responses.get_mut(status).filter(|_| writes) {
                    response["headers"] = etag();
                }
            }
            if !writes {
                responses.insert("308".into(), json!({
                    "description": "It is part of another case now, which Location names",
                    "headers": {"Location": {"required": true, "schema": {"type": "string"}}},
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Moved"}}},
                }));
            }
        }
        if of_silence && let Some(response) = responses.get_mut("200") {
            response["headers"] = etag();
        }
        let is_probe = !self.path.starts_with("/api/") && self.path != "/metrics";
        for (status, description, is_it) in [
            ("400", "A parameter, header or body is not valid", !is_probe),
            ("401", "No token that is known", !is_probe),
            ("403", "Not allowed", !is_probe),
            (
                "404",
                "There is none, or it is in a scope that may not be seen",
                of_case || of_silence || self.path == "/api/v1/explain",
            ),
            (
                "409",
                "The case does not allow it, or there are too many silences",
                writes && (of_case || self.path == "/api/v1/silences"),
            ),
            (
                "412",
                "It has changed; ETag has its revision",
                writes && (of_case || of_silence),
            ),
            ("413", "The body is too long", writes),
            ("415", "The body is of another kind", writes),
            ("421", "Asked for under a foreign name", true),
            (
                "422",
                "Nothing would allow it, or the key was another wish's",
                writes,
            ),
            (
                "428",
                "If-Match is missing",
                writes && (of_case || of_silence),
            ),
            ("429", "Asked too often", !is_probe),
            ("500", "It failed inside", true),
            (
                "503",
                "Too much at once, too slow, or nothing can be written",
                true,
            ),
        ] {
            if is_it && !responses.contains_key(status) {
                responses.insert(status.into(), refusal(status, description));
            }
        }
    }
}

fn refusal(status: &str, description: &str) -> Value {
    let mut response = json!({
        "description": description,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    });
    let header = match status {
        "401" => Some("WWW-Authenticate"),
        "429" => Some("Retry-After"),
        _ => None,
    };
    if let Some(name) = header {
        response["headers"] = json!({name: {"required": true, "schema": {"type": "string"}}});
    }
    if status == "412" {
        response["headers"] = etag();
    }
    response
}

fn etag() -> Value {
    json!({"ETag": {"required": true, "description": "The revision", "schema": {"type": "string", "pattern": "^\"[0-9]+\"$"}}})
}

/// A parameter is there or not; it is never null.
fn plain_parameter(parameter: &mut Value) {
    let kind = &mut parameter["schema"]["type"];
    if let Some(kinds) = kind.as_array() {
        let kinds: Vec<_> = kinds
            .iter()
            .filter(|kind| **kind != "null")
            .cloned()
            .collect();
        if let [only] = kinds.as_slice() {
            *kind = only.clone();
        }
    }
}
