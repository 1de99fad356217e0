//! The words in which a story is written: its steps, who appears in each, and how many alerts it makes.

use crate::generate::catalog::Rule;

#[derive(Debug)]
pub(super) struct Template {
    /// Part of the label: `default-phishing-0003`.
    pub name: &'static str,
    pub steps: &'static [Step],
}

/// One step of an attack: a rule that fires on some of the cast.
#[derive(Debug)]
pub(super) struct Step {
    pub rule: &'static Rule,
    pub who: &'static [Who],
    /// Seconds after the end of the step before, or after the begin of a beacon; smallest and largest.
    pub after_s: (u32, u32),
    pub count: Count,
    /// Between two alerts of the step.
    pub every_ms: u32,
    /// Goes on beside the steps that follow, for as long as it takes.
    pub is_beacon: bool,
    /// Traffic to the internet, which the border sensor may see under the NAT address.
    pub at_border: bool,
    /// A second sensor's rule for the same events.
    pub twin: Option<&'static Rule>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Count {
    Between(u32, u32),
    /// At least so many, half the time more than four times as many, sometimes hundreds of thousands.
    Heavy(u32),
}

/// One of the cast in one role. Machines bring name and address; a network sensor reports the address only.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    On(Machine),
    From(Machine),
    To(Machine),
    By(Person),
    Of(Person),
    MailTo(Person),
    MailBy(Person),
    AccountOf(Person),
    FromOutside(Outside),
    ToOutside(Outside),
    ToDomain(Outside),
    Sender,
    Lure,
    LureDomain,
    Malware,
    Tool,
    CommonProgram,
    Process(u32),
    Dropped,
    System,
    Root,
    Bucket,
    /// Another one with each alert of the step.
    EachUser,
    EachMachine,
    EachFile,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Machine {
    Victim,
    Second,
    Third,
    Server,
    Other,
    Files,
    Web,
    Db,
    Terminal,
    Dc,
    Dns,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Person {
    Victim,
    Second,
    Third,
    Admin,
}

/// The attacker's own machines and domains on the internet.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outside {
    Attacker = 0,
    C2 = 1,
    Drop = 2,
}

pub(super) const fn step(rule: &'static Rule, after_s: (u32, u32), who: &'static [Who]) -> Step {
    Step {
        rule,
        who,
        after_s,
        count: Count::Between(1, 1),
        every_ms: 2_000,
        is_beacon: false,
        at_border: false,
        twin: None,
    }
}

impl Step {
    /// Twins included.
    pub(super) fn alerts_mean(&self, max: u32) -> f64 {
        let max = f64::from(max);
        let mean = match self.count {
            Count::Between(low, high) => f64::from(low + high) / 2.0,
            // The mean of the bounded draw of `Rng::heavy`.
            Count::Heavy(min) => 2.0 * (f64::from(min) * max).sqrt() - f64::from(min),
        };
        let twins = if self.twin.is_some() {
            f64::from(super::TWIN_PPM) / 1e6
        } else {
            0.0
        };
        mean.min(max) * (1.0 + twins)
    }

    pub(super) const fn times(mut self, low: u32, high: u32) -> Self {
        self.count = Count::Between(low, high);
        self
    }

    pub(super) const fn heavy(mut self, min: u32) -> Self {
        self.count = Count::Heavy(min);
        self.every_ms = 150;
        self
    }

    pub(super) const fn beacon(mut self, every_s: u32, low: u32, high: u32) -> Self {
        self.count = Count::Between(low, high);
        self.every_ms = every_s * 1000;
        self.is_beacon = true;
        self
    }

    pub(super) const fn at_border(mut self) -> Self {
        self.at_border = true;
        self
    }

    pub(super) const fn seen_by(mut self, twin: &'static Rule) -> Self {
        self.twin = Some(twin);
        self
    }
}
