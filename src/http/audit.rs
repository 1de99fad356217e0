//! `/api/v1/audit`: the audit of a scope as it was hashed, for an export that anyone can check; and where each chain ends.

use axum::extract::State;
use axum::{Extension, Json};
use caseloom_engine::record::ScopeRecord;
use serde::Serialize;

use super::App;
use super::problem::HttpError;
use super::query::Params;
use super::reads::Data;
use super::shape::List;
use super::work::{AuditShape, shape};
use crate::access::{Principal, Role};

/// The end of a scope's chain.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Head)]
pub(super) struct HeadShape {
    scope: String,
    seq: u64,
    hash: String,
}

/// `GET /api/v1/audit?scope=&cursor=&limit=`: for admins; the cursor is the number of the last record that was seen.
#[utoipa::path(get, path = "/audit", tag = "audit", operation_id = "scope_audit", params(("scope" = Option<String>, Query, description = "A scope; default without"), ("limit" = Option<u32>, Query, description = "Most items on the page; 50 without", minimum = 1, maximum = 500), ("cursor" = Option<String>, Query, description = "next_cursor of the page before")), responses((status = 200, description = "The audit of a scope", body = List<AuditShape>)))]
pub(super) async fn audit(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
    params: Params,
) -> Result<Json<List<AuditShape>>, HttpError> {
    params.only(&["scope", "cursor", "limit"])?;
    let name = params.get("scope").unwrap_or("default").to_owned();
    may_read(&who, &name)?;
    let after = params.get("cursor").unwrap_or("0").parse();
    let after: u64 = after.map_err(|_| HttpError::parameter("cursor", "must be a number"))?;
    let limit = params.limit()?;
    let read = app.reads.run(move |data| {
        let scope = scopes(data)?.into_iter().find(|scope| scope.name == name);
        let scope = scope.ok_or_else(|| HttpError::parameter("scope", "must be a known scope"))?;
        let records = data.store.audit(scope.id, after, limit)?;
        let last = records.last().map(|record| record.seq);
        Ok(List {
            next_cursor: last
                .filter(|_| records.len() == limit)
                .map(|seq| seq.to_string()),
            items: records.iter().map(shape).collect::<Result<_, _>>()?,
        })
    });
    Ok(Json(read.await?))
}

/// `GET /api/v1/audit/heads`: keep them elsewhere, and a chain that was cut short shows.
#[utoipa::path(get, path = "/audit/heads", tag = "audit", operation_id = "audit_heads", responses((status = 200, description = "The end of each chain", body = List<HeadShape>)))]
pub(super) async fn heads(
    State(app): State<App>,
    Extension(who): Extension<Principal>,
) -> Result<Json<List<HeadShape>>, HttpError> {
    let read = app.reads.run(move |data| {
        let mut items = Vec::new();
        for scope in scopes(data)? {
            if may_read(&who, &scope.name).is_err() {
                continue;
            }
            if let Some(head) = data.store.audit_head(scope.id)? {
                items.push(HeadShape {
                    scope: scope.name.to_string(),
                    seq: head.seq,
                    hash: blake3::Hash::from_bytes(head.hash).to_hex().to_string(),
                });
            }
        }
        Ok(List {
            items,
            next_cursor: None,
        })
    });
    Ok(Json(read.await?))
}

/// Who showed a token must be an admin of the scope; on a machine's own loopback whoever may read reads it.
fn may_read(who: &Principal, scope: &str) -> Result<(), HttpError> {
    let may = who.may_see(scope) && (!who.is_proven || who.role == Role::Admin);
    match may {
        true => Ok(()),
        false => Err(HttpError::Forbidden("the audit is for admins of the scope")),
    }
}

fn scopes(data: &Data) -> Result<Vec<ScopeRecord>, HttpError> {
    Ok(data.store.scopes()?)
}
