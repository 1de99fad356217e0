//! AWS Security Hub: findings in the AWS Security Finding Format, of any product.
//!
//! A finding of GuardDuty keeps GuardDuty's identity (see `aws`), and its details are flattened into `ProductFields` under
//! `aws/guardduty/service/`. Checks of configuration and of software (`Compliance`, types under `Software and
//! Configuration Checks`) say what is, not what happened: they are no alerts, unless they bring malware or indicators.
//!
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html>,
//! <https://docs.aws.amazon.com/securityhub/latest/userguide/asff-resources-attributes.html>

mod details;

use crate::alert::Lifecycle;
use crate::entity::{EntityKind, Role};

use super::super::detect::Need;
use super::super::draft::{Desk, Draft, Paths, Reading};
use super::super::json::{Scalar, Value};
use super::super::names::{Names, Things};
use super::super::reject::Reject;
use super::super::severity;
use super::super::timestamp::Unit;
use super::Room;
use super::aws::{self, Part, action};

pub(super) const ROOM: Room = Room::json(
    "asff",
    &[
        &[Need::present("ProductArn"), Need::present("AwsAccountId")],
        &[
            Need::equal("SchemaVersion", "2018-10-08"),
            Need::present("Title"),
        ],
        &[
            Need::present("AwsAccountId"),
            Need::present("GeneratorId"),
            Need::present("Resources"),
        ],
    ],
    read,
);

const PATHS: Paths<'static> = Paths {
    time: "LastObservedAt",
    rule: "GeneratorId",
};

/// The parts of a finding.
#[derive(Default)]
struct Finding<'a> {
    id: Option<&'a str>,
    product: Option<&'a str>,
    product_arn: &'a str,
    generator: Option<Scalar<'a>>,
    title: Option<Scalar<'a>>,
    types: Option<Value<'a>>,
    times: [Option<Scalar<'a>>; 4],
    severity: Option<Value<'a>>,
    provider: Option<Value<'a>>,
    account: Option<Value<'a>>,
    state: Option<&'a str>,
    workflow: Option<Value<'a>>,
    is_sample: bool,
    has_compliance: bool,
    resources: Option<Value<'a>>,
    action: Option<Value<'a>>,
    network: Option<Value<'a>>,
    process: Option<Value<'a>>,
    indicators: Option<Value<'a>>,
    files: [Option<Value<'a>>; 2],
    detection: Option<Value<'a>>,
    fields: Option<Value<'a>>,
}

fn read(record: Value<'_>, desk: &mut Desk<'_>) -> Result<Reading, Reject> {
    let finding = Finding::of(record);
    if finding.is_check() {
        return Ok(Reading::NotAnAlert);
    }
    let mut draft = desk.draft("security_hub");
    finding.tell_head(&mut draft)?;
    finding.tell_entities(&mut draft);
    draft.finish(PATHS)
}

impl<'a> Finding<'a> {
    fn of(record: Value<'a>) -> Self {
        let mut told = Self::default();
        for (key, value) in record.keys_and_values() {
            if value.is_nothing() {
                continue;
            }
            let place = match key {
                "Types" => &mut told.types,
                "Severity" => &mut told.severity,
                "FindingProviderFields" => &mut told.provider,
                "Workflow" => &mut told.workflow,
                "Resources" => &mut told.resources,
                "Action" => &mut told.action,
                "Network" => &mut told.network,
                "Process" => &mut told.process,
                "ThreatIntelIndicators" => &mut told.indicators,
                "Malware" => &mut told.files[0],
                "Threats" => &mut told.files[1],
                "Detection" => &mut told.detection,
                "ProductFields" => &mut told.fields,
                _ => {
                    told.take_scalar(key, value);
                    continue;
                }
            };
            *place = Some(value);
        }
        told
    }

    fn take_scalar(&mut self, key: &str, value: Value<'a>) {
        let text = value.as_str();
        match key {
            "Id" => self.id = text,
            "ProductName" => self.product = text,
            "ProductArn" => self.product_arn = text.unwrap_or_default(),
            "GeneratorId" => self.generator = value.scalar(),
            "Title" => self.title = value.scalar(),
            "LastObservedAt" => self.times[0] = value.scalar(),
            "FirstObservedAt" => self.times[1] = value.scalar(),
            "UpdatedAt" => self.times[2] = value.scalar(),
            "CreatedAt" => self.times[3] = value.scalar(),
            "AwsAccountId" => self.account = Some(value),
            "RecordState" => self.state = text,
            "Sample" => self.is_sample = value.scalar() == Some(Scalar::Bool(true)),
            "Compliance" => self.has_compliance = value.len() > 0,
            _ => {}
        }
    }

    /// Whether it is of a check: what it says holds, and did not happen.
    fn is_check(&self) -> bool {
        let (mut checks, mut others) = (0, 0);
        let mut count = |word: Value<'_>| match word.as_str() {
            Some(word) if word.starts_with("Software and Configuration Checks") => checks += 1,
            Some(_) => others += 1,
            None => {}
        };
        if let Some(types) = self.types {
            types.each(&mut count);
        }
        let has_threat = self.indicators.is_some()
            || self.files.iter().any(Option::is_some)
            || self.detection.is_some();
        !has_threat && (self.has_compliance || (checks > 0 && others == 0))
    }

    fn is_guardduty(&self) -> bool {
        self.product_arn.ends_with("product/aws/guardduty")
            || self.id.is_some_and(|id| aws::guardduty_id(id).is_some())
    }

    fn tell_head(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        if let Some(id) = self.id {
            draft.id(Scalar::Text(aws::guardduty_id(id).unwrap_or(id)), "Id")?;
        }
        draft.first_time(&self.times, PATHS.time)?;
        draft.updated(self.times[2].unwrap_or(Scalar::Null), Unit::Auto);
        self.tell_rule(draft)?;
        self.tell_severity(draft);
        draft.lifecycle_read(self.lifecycle());
        if let Some(types) = self.types {
            types.each(|word| aws::tell_tactic(word.as_str().unwrap_or_default(), draft));
        }
        Ok(())
    }

    /// GuardDuty's rule is its type; its generator is the detector, of which an account has one.
    fn tell_rule(&self, draft: &mut Draft<'_>) -> Result<(), Reject> {
        let title = self.title.unwrap_or(Scalar::Null);
        if self.is_guardduty() {
            draft.source(Scalar::Text(aws::GUARDDUTY), "ProductName")?;
            let told = self
                .types
                .and_then(first_text)
                .and_then(aws::guardduty_type);
            if let Some(told) = told {
                draft.rule_id_made(told, "Types")?;
                draft.title(title);
                return Ok(());
            }
        } else if let Some(product) = self.product {
            draft.source(Scalar::Text(product), "ProductName")?;
        }
        draft.rule_id(self.generator.unwrap_or(title), PATHS.rule)?;
        draft.rule_name(title);
        Ok(())
    }

    /// The label first: products don't agree on the number.
    fn tell_severity(&self, draft: &mut Draft<'_>) {
        let own = self.provider.and_then(|provider| provider.get("Severity"));
        for severity in [self.severity, own].into_iter().flatten() {
            let label = severity.get("Label").and_then(Value::as_str);
            let known = label
                .and_then(severity::word)
                .or_else(|| severity::asff_normalized(severity.get("Normalized")?.scalar()?));
            if known.is_some() {
                draft.severity_read(known);
                return;
            }
        }
    }

    fn lifecycle(&self) -> Lifecycle {
        let status = self
            .workflow
            .and_then(|workflow| workflow.get("Status")?.as_str());
        if self.is_sample {
            Lifecycle::Sample
        } else if self.state == Some("ARCHIVED") || status == Some("SUPPRESSED") {
            Lifecycle::Archived
        } else {
            Lifecycle::Active
        }
    }

    fn tell_entities(&self, draft: &mut Draft<'_>) {
        let mut things = Things::default();
        let fields = details::ProductFields::of(self.fields);
        let part = Part::of(fields.resource_role);
        if let Some(resources) = self.resources {
            resources.each(|resource| details::tell_resource(resource, part, &mut things, draft));
        }
        if let Some(action) = self.action {
            action::tell(action, part, draft);
        }
        if let Some(network) = self.network {
            details::tell_network(network, draft);
        }
        if let Some(process) = self.process {
            let mut names = Names::default();
            let text = |key| process.get(key).and_then(Value::as_str);
            let image = text("Path").or_else(|| text("Name"));
            names.add(EntityKind::Process, Role::Actor, image);
            names.tell(&mut things, draft);
        }
        if let Some(indicators) = self.indicators {
            indicators.each(|indicator| details::tell_indicator(indicator, draft));
        }
        for files in self.files.into_iter().flatten() {
            details::tell_files(files, &mut things, draft);
        }
        let sequence = self
            .detection
            .and_then(|detection| detection.get("Sequence"));
        if let Some(sequence) = sequence {
            aws::tell_sequence(sequence, part, &mut things, draft);
        }
        fields.tell(part, draft);
        aws::tell_account(self.account, Role::Affected, draft);
    }
}

fn first_text(list: Value<'_>) -> Option<&str> {
    match list.elements() {
        Some(mut elements) => elements.next()?.as_str(),
        None => list.as_str(),
    }
}
