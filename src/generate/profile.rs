//! What kind of enterprise the generator plays: its size, its noise, how often it is attacked, and how its alerts travel.
//!
//! A profile is plain numbers; [`Profile::by_name`] gives the built-in ones. All rates are per scope.

use std::fmt;

use super::civil::{DAY_MS, MINUTE_MS};
use super::story;

/// Monday, 2026-01-05 00:00 UTC: where generated time starts unless the caller says otherwise.
pub const START_MS: i64 = 1_767_571_200_000;

const SECOND_MS: u32 = 1000;
const DAY_S: f64 = 86_400.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    pub name: &'static str,
    /// One world of hosts and users each. A scope named `default` is not written into the lines: it is what they get anyway.
    pub scopes: &'static [&'static str],
    pub hosts: u32,
    pub start_ms: i64,
    pub products: Products,
    /// Alerts of the recurring rules, on average over a week.
    pub noise_per_day: u32,
    /// False alarms at places where that rule has not fired before; one to three alerts each.
    pub novel_per_day: u32,
    pub floods_per_day: u32,
    /// Smallest and largest flood, in alerts; heavy-tailed between.
    pub flood_alerts: (u32, u32),
    pub stories_per_day: u32,
    /// When the first story begins, after the start; the others follow at random.
    pub first_story_ms: i64,
    /// The pace of the stories: 1000 takes hours from phishing to exfiltration, 5 takes a minute.
    pub pace_permille: u32,
    /// Bound on the alerts of one attack step; real ones reach 400,000.
    pub step_alerts_max: u32,
    /// Office hours for what people cause. Off in `small`, so that a demo at night is as lively.
    pub diurnal: bool,
    pub lateness: Lateness,
    /// From when on stories come faster, for those who want to watch.
    pub lively: Option<Lively>,
}

/// How stories are told from some time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lively {
    /// After the start; the first story of this kind begins two seconds later.
    pub from_ms: i64,
    pub stories_per_day: u32,
    pub pace_permille: u32,
    pub step_alerts_max: u32,
}

/// Which formats appear beside the native one. An alert of a product that is off comes as native, with the same content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Products {
    pub suricata: bool,
    pub wazuh: bool,
}

impl Products {
    pub const NATIVE: Self = Self {
        suricata: false,
        wazuh: false,
    };
    pub const USUAL: Self = Self {
        suricata: true,
        wazuh: false,
    };
    pub const ALL: Self = Self {
        suricata: true,
        wazuh: true,
    };
}

/// How long alerts take to arrive. Shares in parts per million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lateness {
    pub usual_ms_max: u32,
    pub late_ppm: u32,
    pub late_ms: (u32, u32),
    pub very_late_ppm: u32,
    pub very_late_ms: (u32, u32),
    pub redelivered_ppm: u32,
    pub redelivered_ms_mean: u32,
}

const LATENESS: Lateness = Lateness {
    usual_ms_max: 3 * SECOND_MS,
    late_ppm: 10_000,
    late_ms: (60 * SECOND_MS, 50 * 60 * SECOND_MS),
    very_late_ppm: 1_000,
    very_late_ms: (115 * 60 * SECOND_MS, 125 * 60 * SECOND_MS),
    redelivered_ppm: 50_000,
    redelivered_ms_mean: 60 * SECOND_MS,
};

/// One enterprise of 2,000 hosts: some 35,000 alerts on a working day, and six attacks.
const DEFAULT: Profile = Profile {
    name: "default",
    scopes: &["default"],
    hosts: 2_000,
    start_ms: START_MS,
    products: Products::USUAL,
    noise_per_day: 28_000,
    novel_per_day: 12,
    floods_per_day: 1,
    flood_alerts: (100, 2_000),
    stories_per_day: 6,
    first_story_ms: 20 * MINUTE_MS,
    pace_permille: 1000,
    step_alerts_max: 400_000,
    diurnal: true,
    lateness: LATENESS,
    lively: None,
};

/// For a demo: sixty hosts, five alerts a second, a story from the second second on and told in a minute
/// or two, lateness to match.
const SMALL: Profile = Profile {
    name: "small",
    hosts: 60,
    noise_per_day: 370_000,
    novel_per_day: 600,
    floods_per_day: 24,
    flood_alerts: (20, 200),
    stories_per_day: 1_440,
    first_story_ms: 2_000,
    pace_permille: 5,
    step_alerts_max: 25,
    diurnal: false,
    lateness: Lateness {
        usual_ms_max: 200,
        late_ms: (2 * SECOND_MS, 30 * SECOND_MS),
        very_late_ms: (60 * SECOND_MS, 90 * SECOND_MS),
        redelivered_ms_mean: 3 * SECOND_MS,
        ..LATENESS
    },
    ..DEFAULT
};

/// What `caseloom demo` plays: the default enterprise at every hour alike, an alert a second. For four days it is
/// attacked as it usually is, so that what is usual there is known; then an attack begins every four minutes and is told
/// in a minute or two.
const LIVE: Profile = Profile {
    name: "live",
    noise_per_day: 80_000,
    diurnal: false,
    lively: Some(Lively {
        from_ms: 4 * DAY_MS,
        stories_per_day: 360,
        pace_permille: 5,
        step_alerts_max: 25,
    }),
    step_alerts_max: 2_000,
    ..DEFAULT
};

/// The same enterprise on its worst week: nine of ten alerts belong to a flood.
const FLOOD: Profile = Profile {
    name: "flood",
    floods_per_day: 30,
    flood_alerts: (1_000, 100_000),
    ..DEFAULT
};

/// Five tenants with the same private addresses and host names. Native only, because a Suricata line does not say its scope
/// and all lines may stand in one file; who sends each scope to its own topic can switch the products on.
const MULTI_TENANT: Profile = Profile {
    name: "multi-tenant",
    scopes: &["acme", "borealis", "corvus", "delta-bank", "eastwind"],
    hosts: 400,
    products: Products::NATIVE,
    noise_per_day: 12_000,
    stories_per_day: 2,
    ..DEFAULT
};

/// Five million hosts, most alerts on one not seen before: for the memory of whoever reads it.
const WIDE: Profile = Profile {
    name: "wide",
    hosts: 5_000_000,
    novel_per_day: 2_500_000,
    stories_per_day: 200,
    ..DEFAULT
};

const ALL: [&Profile; 6] = [&DEFAULT, &SMALL, &LIVE, &FLOOD, &MULTI_TENANT, &WIDE];

/// No profile has that name; the message lists those there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownProfile(pub String);

impl fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no profile {:?}; there are {}",
            self.0,
            Profile::names().join(", ")
        )
    }
}

impl std::error::Error for UnknownProfile {}

impl Default for Profile {
    fn default() -> Self {
        DEFAULT
    }
}

impl Profile {
    pub fn by_name(name: &str) -> Result<Self, UnknownProfile> {
        let found = ALL.into_iter().find(|profile| profile.name == name);
        found
            .cloned()
            .ok_or_else(|| UnknownProfile(name.to_owned()))
    }

    pub fn names() -> [&'static str; 6] {
        ALL.map(|profile| profile.name)
    }

    /// The same enterprise at so many alerts a second, redeliveries included, at every hour alike. Noise gives way;
    /// stories never come faster than one in 15 s a scope, or they would all run into each other on few hosts. Up to
    /// 40,000 a second.
    #[must_use]
    pub fn at_rate(mut self, alerts_per_s: f64) -> Self {
        let factor = (alerts_per_s * DAY_S / self.alerts_per_day()).max(0.0);
        let scaled = |per_day: u32| (f64::from(per_day) * factor) as u32;
        self.novel_per_day = scaled(self.novel_per_day);
        self.floods_per_day = scaled(self.floods_per_day);
        self.stories_per_day = scaled(self.stories_per_day).min((DAY_S / 15.0) as u32);
        self.noise_per_day = 0;
        self.diurnal = false;
        let missing = alerts_per_s * DAY_S - self.alerts_per_day();
        let first_deliveries = missing / self.deliveries_per_alert();
        self.noise_per_day = (first_deliveries / self.scopes.len() as f64).max(0.0) as u32;
        self
    }

    /// For an output of `count` lines: no flood takes more than a twentieth of them, so that there is more to see than one
    /// flood, and no attack step more than a hundredth: attacks are some two in a hundred alerts, and one huge step would
    /// be all that a score by alerts sees of them.
    #[must_use]
    pub fn bounded_by(mut self, count: u64) -> Self {
        let share = |part: u64| u32::try_from(count / part).unwrap_or(u32::MAX).max(20);
        self.step_alerts_max = self.step_alerts_max.min(share(100));
        self.flood_alerts = (
            self.flood_alerts.0.min(share(20)),
            self.flood_alerts.1.min(share(20)),
        );
        self
    }

    fn alerts_per_day(&self) -> f64 {
        let novel = 2.0 * f64::from(self.novel_per_day);
        // `Rng::heavy` between a and b has the mean 2 sqrt(a b) - a.
        let (low, high) = (
            f64::from(self.flood_alerts.0),
            f64::from(self.flood_alerts.1),
        );
        let floods = f64::from(self.floods_per_day) * (2.0 * (low * high).sqrt() - low);
        let stories = f64::from(self.stories_per_day) * story::alerts_mean(self.step_alerts_max);
        let of_a_scope = f64::from(self.noise_per_day) + novel + floods + stories;
        of_a_scope * self.scopes.len() as f64 * self.deliveries_per_alert()
    }

    fn deliveries_per_alert(&self) -> f64 {
        1.0 + f64::from(self.lateness.redelivered_ppm) / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_profile_by_its_name() {
        for name in Profile::names() {
            assert_eq!(Profile::by_name(name).unwrap().name, name);
        }
        let error = Profile::by_name("smal").unwrap_err().to_string();
        assert_eq!(
            error,
            "no profile \"smal\"; there are default, small, live, flood, multi-tenant, wide"
        );
    }

    #[test]
    fn rate_is_what_was_asked_for() {
        for name in Profile::names() {
            for rate in [1.0, 5.0, 1000.0] {
                let profile = Profile::by_name(name).unwrap().at_rate(rate);
                let stated = profile.alerts_per_day() / DAY_S;
                assert!((stated / rate - 1.0).abs() < 0.05, "{name} {rate} {stated}");
            }
        }
    }

    #[test]
    fn short_outputs_have_small_floods() {
        assert_eq!(Profile::default().bounded_by(10_000).step_alerts_max, 100);
        assert_eq!(Profile::default().bounded_by(u64::MAX), Profile::default());
    }
}
