//! Details of an ASFF finding: its resources, network, indicators, files, and GuardDuty's flattened fields.

use crate::entity::{EntityKind, Role};

use super::super::super::draft::Draft;
use super::super::super::json::{Scalar, Value};
use super::super::super::names::{self, Names, Things};
use super::super::aws::{self, Part};

/// Tells a resource: by its id, and by what its details say of it.
pub(super) fn tell_resource(
    resource: Value<'_>,
    part: Part,
    things: &mut Things,
    draft: &mut Draft<'_>,
) {
    let text = |key| resource.get(key).and_then(Value::as_str);
    let role = match text("ResourceRole") {
        Some(word) => Part::of(Some(word)).resource(),
        None => part.resource(),
    };
    let mut names = Names::default();
    // Without a bucket or a user of its own, an id is what the account is.
    match (text("Type"), text("Id")) {
        (Some("AwsAccount"), Some(id)) => {
            let account = id.rsplit(':').next();
            names.add(EntityKind::Account, role, account);
        }
        (_, Some(id)) => aws::add_resource(&mut names, role, id),
        (_, None) => {}
    }
    let (mut keys, mut profile) = (None, None);
    if let Some(details) = resource.get("Details") {
        // Some leave out the type between.
        add_details(&mut names, role, details);
        profile = details.get("IamInstanceProfileArn");
        for (kind, details) in details.keys_and_values() {
            match kind {
                "AwsIamAccessKey" => keys = Some(details),
                _ => {
                    profile = profile.or_else(|| details.get("IamInstanceProfileArn"));
                    add_details(&mut names, role, details);
                }
            }
        }
    }
    names.tell(things, draft);
    // Many machines have the same.
    let profile = profile.and_then(Value::as_str);
    names::one(draft, EntityKind::CloudResource, role, profile);
    if let Some(keys) = keys {
        // Whoever holds the key did it.
        aws::tell_access_key(keys, Role::Actor, things, draft);
    }
}

/// Adds addresses and names out of a resource's details, whatever its type.
fn add_details(names: &mut Names, role: Role, details: Value<'_>) {
    for (key, value) in details.keys_and_values() {
        let kind = match key {
            "IpV4Addresses" | "IpV6Addresses" | "PrivateIpAddress" | "PublicIp"
            | "PrivateIpAddresses" | "PublicIpAddress" => EntityKind::Ip,
            "PublicDnsName" | "PrivateDnsName" => EntityKind::Host,
            "UserName" => EntityKind::User,
            _ => continue,
        };
        value.each(|text| {
            let inner = text.get("PrivateIpAddress").or(Some(text));
            names.add(kind, role, inner.and_then(Value::as_str));
        });
    }
}

/// Tells the two sides of a connection.
pub(super) fn tell_network(network: Value<'_>, draft: &mut Draft<'_>) {
    for (key, value) in network.keys_and_values() {
        let (kind, role) = match key {
            "SourceIpV4" | "SourceIpV6" => (EntityKind::Ip, Role::Source),
            "DestinationIpV4" | "DestinationIpV6" => (EntityKind::Ip, Role::Target),
            "SourceDomain" => (EntityKind::Domain, Role::Source),
            "DestinationDomain" => (EntityKind::Domain, Role::Target),
            _ => continue,
        };
        names::one(draft, kind, role, value.as_str());
    }
}

/// Tells an indicator of threat intelligence.
pub(super) fn tell_indicator(indicator: Value<'_>, draft: &mut Draft<'_>) {
    let text = |key| indicator.get(key).and_then(Value::as_str);
    let kind = match text("Type").unwrap_or_default() {
        "IPV4_ADDRESS" | "IPV6_ADDRESS" => EntityKind::Ip,
        "DOMAIN" => EntityKind::Domain,
        "URL" => EntityKind::Url,
        "EMAIL_ADDRESS" => EntityKind::Email,
        word if word.starts_with("HASH_") => EntityKind::Hash,
        _ => return,
    };
    names::one(draft, kind, Role::Source, text("Value"));
}

/// Tells bad files: of `Malware`, or of the `FilePaths` of `Threats`.
pub(super) fn tell_files(files: Value<'_>, things: &mut Things, draft: &mut Draft<'_>) {
    files.each(|file| {
        if let Some(paths) = file.get("FilePaths") {
            tell_files(paths, things, draft);
        }
        let text = |key| file.get(key).and_then(Value::as_str);
        let mut names = Names::default();
        names.add(
            EntityKind::File,
            Role::Target,
            text("FilePath").or_else(|| text("Path")),
        );
        names.add(EntityKind::Hash, Role::Target, text("Hash"));
        names.tell(things, draft);
    });
}

/// What GuardDuty says in `ProductFields`.
#[derive(Default)]
pub(super) struct ProductFields<'a> {
    fields: Option<Value<'a>>,
    pub(super) resource_role: Option<&'a str>,
    direction: Option<&'a str>,
    count: Option<Scalar<'a>>,
}

/// What its keys begin with.
const PREFIX: &str = "aws/guardduty/service/";

impl<'a> ProductFields<'a> {
    pub(super) fn of(fields: Option<Value<'a>>) -> Self {
        let mut told = Self {
            fields,
            ..Self::default()
        };
        for (key, value) in told.entries() {
            match key.rsplit('/').next().unwrap_or_default() {
                "resourceRole" => told.resource_role = value.as_str(),
                "connectionDirection" => told.direction = value.as_str(),
                "count" if key.len() == "count".len() => told.count = value.scalar(),
                _ => {}
            }
        }
        told
    }

    /// GuardDuty's fields, without the prefix.
    fn entries(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'a> {
        let all = self.fields.into_iter().flat_map(Value::keys_and_values);
        all.filter_map(|(key, value)| Some((key.strip_prefix(PREFIX)?, value)))
    }

    pub(super) fn tell(&self, part: Part, draft: &mut Draft<'_>) {
        if let Some(count) = self.count {
            draft.count(count);
        }
        let remote = part.remote(self.direction);
        for (key, value) in self.entries() {
            let text = value.as_str();
            let is = |tail: &str| key.ends_with(tail);
            if is("emoteIpDetails/ipAddressV4") || is("emoteIpDetails/ipAddressV6") {
                names::one(draft, EntityKind::Ip, remote, text);
            } else if is("ocalIpDetails/ipAddressV4") || is("ocalIpDetails/ipAddressV6") {
                names::one(draft, EntityKind::Ip, part.resource(), text);
            } else if is("dnsRequestAction/domain") {
                names::one(draft, EntityKind::Domain, Role::Target, text);
            } else if key.contains("affectedResources/") {
                let arn = text.filter(|text| aws::is_arn(text));
                names::one(draft, EntityKind::CloudResource, part.resource(), arn);
            } else if is("process/executablePath") {
                names::one(draft, EntityKind::Process, Role::Actor, text);
            } else if is("process/executableSha256") {
                names::one(draft, EntityKind::Hash, Role::Actor, text);
            } else if is("process/user") {
                names::one(draft, EntityKind::User, Role::Actor, text);
            }
        }
    }
}
