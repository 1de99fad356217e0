//! Silences among the alerts and among the commands: who is kept out, and what people say about it.

use compact_str::CompactString;

use super::Correlator;
use super::decide::Stands;
use crate::alert::Alert;
use crate::command::{
    Action, Answer, Bounds, Changed, Command, Done, EntryRecord, Illegal, Verb, said, within,
};
use crate::decision::{Decision, Outcome};
use crate::ids::{ActivityId, GroupId, ScopeId, SilenceId};
use crate::record::{IdentityRecord, Record};
use crate::silence::{NewSilence, Silence, SilenceChange, SuppressedRecord, TIMES_MAX};
use crate::time::{Span, Timestamp};

/// Times as a silence has them.
type Times = [(Timestamp, Timestamp)];

impl Correlator {
    /// Takes over a silence. Call before [`Self::restored`].
    pub fn restore_silence(&mut self, silence: Silence) {
        self.silences.restore(silence);
    }

    /// Takes over alerts that a silence kept out: the latest [`SUPPRESSED_KEPT`](crate::silence::SUPPRESSED_KEPT), in
    /// the order of their numbers. Call after the scopes.
    pub fn restore_suppressed(&mut self, record: SuppressedRecord) {
        let rule = (&*record.source, &*record.rule_id);
        let at = record.subject.map(usize::from);
        let print = self.print_of(
            record.scope,
            rule,
            (&record.entities, at),
            |_| {},
            |_, entity| entity.is_linkable(),
        );
        self.suppressed.restore((print, record.silence), record);
    }

    /// The silences that are not over, as far as was noticed.
    pub fn silences(&self) -> impl Iterator<Item = &Silence> {
        self.silences.iter()
    }

    /// The silence that keeps an alert out, if there is one.
    #[inline]
    pub(super) fn silence_of(
        &mut self,
        now: Timestamp,
        scope: ScopeId,
        alert: &Alert,
    ) -> Option<SilenceId> {
        if self.silences.is_empty() {
            return None;
        }
        self.silences.find(now, scope, alert)
    }

    /// Whether an update belongs where the alert already is: on its activity, or kept out for as long as a silence holds.
    /// What is in a case hears of its own alerts whatever is silenced since.
    pub(super) fn holds_update(
        &mut self,
        now: Timestamp,
        met: IdentityRecord,
        alert: &Alert,
    ) -> bool {
        match met.is_suppressed() {
            true => self.silence_of(now, met.scope, alert).is_some(),
            false => met.activity != ActivityId(0),
        }
    }

    /// Keeps an alert out. It is told apart by all that could link, whatever the policy lets link: what is kept out does
    /// not link anyway.
    pub(super) fn suppress(
        &mut self,
        now: Timestamp,
        (scope, silence): (ScopeId, SilenceId),
        alert: &Alert,
    ) -> (Outcome, Stands) {
        let print = self.print_of(
            scope,
            (&alert.source, &alert.rule_id),
            (&alert.entities, alert.subject_index()),
            |_| {},
            |_, entity| entity.is_linkable(),
        );
        self.silences.count(now, silence);
        let key = (print, silence);
        let counted = self.suppressed.count(key, alert);
        let (activity, day) = counted.unwrap_or_else(|| {
            self.accounting.activities += 1;
            let id = ActivityId(self.accounting.activities);
            let title = Self::title_of(alert);
            let window = self.policy.dedup_window(&alert.source);
            let record = SuppressedRecord::of(alert, (id, scope, silence), title, window);
            self.suppressed.open(key, record);
            (id, alert.time.day())
        });
        let outcome = Outcome::Suppressed {
            silence,
            activity,
            is_first: counted.is_none(),
        };
        let stands = Stands {
            time: alert.time,
            day,
            activity,
            group: GroupId(0),
        };
        (outcome, stands)
    }

    /// Makes, changes or ends a silence.
    pub(super) fn obey_silence(
        &mut self,
        now: Timestamp,
        command: &Command,
        decision: &mut Decision,
    ) -> Answer {
        let Some(scope) = self.scopes.find(&command.scope) else {
            return Answer::Unknown;
        };
        self.silences.tidy(now);
        let made = match &command.action {
            Action::Silence(new) => self.new_silence(now, scope, command, new),
            Action::ChangeSilence { silence, change } => {
                self.of_scope(scope, *silence).and_then(|former| {
                    let silence = self.changed(now, &former, change)?;
                    Ok((Some(former), silence))
                })
            }
            Action::EndSilence { silence, note } => {
                self.of_scope(scope, *silence).and_then(|former| {
                    within("note", note, Bounds::PARAGRAPH)?;
                    let mut silence = former.clone();
                    silence.ended = Some(now);
                    Ok((Some(former), silence))
                })
            }
            _ => return Answer::Unknown,
        };
        let (former, silence) = match made {
            Ok(made) => made,
            Err(illegal) => return Answer::Illegal(illegal),
        };
        self.file_silence(now, command, (former, silence), decision)
    }

    fn file_silence(
        &mut self,
        now: Timestamp,
        command: &Command,
        (former, mut silence): (Option<Silence>, Silence),
        decision: &mut Decision,
    ) -> Answer {
        let revision = former.as_ref().map_or(0, |former| former.revision);
        let expected = command.expected.filter(|_| former.is_some());
        if expected.is_some_and(|expected| expected != revision) {
            return Answer::Stale { revision };
        }
        if former.as_ref() == Some(&silence) {
            return Answer::Same { revision };
        }
        silence.revision = revision + 1;
        let changes = former.map_or(Vec::new(), |former| differences(&former, &silence));
        let mut head = self.desk.head(silence.scope);
        let entry = EntryRecord {
            scope: silence.scope,
            group: GroupId(0),
            seq: head.seq + 1,
            time: now,
            actor: command.actor.clone(),
            revision: silence.revision,
            verb: Verb::Silenced,
            about: Some(silence.id.0),
            text: CompactString::const_new(""),
            changes,
        };
        let audit = head.append(&silence.scope_name, None, (&entry, &command.action));
        self.desk.put_head(head);
        decision.record(|| Record::Audit(Box::new(audit)));
        let done = Done {
            revision: silence.revision,
            seq: entry.seq,
            made: Some(silence.id.0),
        };
        self.desk.remember(now, command, done, decision);
        self.silences.put(silence);
        Answer::Done(done)
    }

    fn of_scope(&self, scope: ScopeId, id: SilenceId) -> Result<Silence, Illegal> {
        let silence = self.silences.get(id);
        let silence = silence.filter(|silence| silence.scope == scope);
        silence.cloned().ok_or(Illegal::NoSilence(id))
    }

    fn new_silence(
        &self,
        now: Timestamp,
        scope: ScopeId,
        command: &Command,
        new: &NewSilence,
    ) -> Result<(Option<Silence>, Silence), Illegal> {
        new.matcher.check().map_err(Illegal::Matcher)?;
        let owner = said("owner", &new.owner, Bounds::NAME)?;
        let reason = said("reason", &new.reason, Bounds::PARAGRAPH)?;
        let repeat = within("repeat", &new.repeat, Bounds::LINE)?;
        // What was heard was heard.
        let starts = new.starts.max(now);
        self.check_times(now, starts, new.expires, &new.times)?;
        if self.silences.is_full(scope) {
            return Err(Illegal::TooManySilences);
        }
        let silence = Silence {
            id: self.silences.next(),
            scope,
            scope_name: command.scope.clone(),
            matcher: new.matcher.clone(),
            owner,
            reason,
            starts,
            expires: new.expires,
            repeat,
            times: new.times.clone(),
            created: now,
            created_by: command.actor.clone(),
            ended: None,
            revision: 0,
            alerts: 0,
            last: None,
        };
        Ok((None, silence))
    }

    fn changed(
        &self,
        now: Timestamp,
        former: &Silence,
        change: &SilenceChange,
    ) -> Result<Silence, Illegal> {
        let mut silence = former.clone();
        if let Some(owner) = &change.owner {
            silence.owner = said("owner", owner, Bounds::NAME)?;
        }
        if let Some(reason) = &change.reason {
            silence.reason = said("reason", reason, Bounds::PARAGRAPH)?;
        }
        if let Some((expires, times)) = &change.until {
            self.check_times(now, former.starts.max(now), *expires, times)?;
            silence.expires = *expires;
            silence.times.clone_from(times);
        }
        Ok(silence)
    }

    fn check_times(
        &self,
        now: Timestamp,
        starts: Timestamp,
        expires: Timestamp,
        times: &Times,
    ) -> Result<(), Illegal> {
        if expires <= starts {
            return Err(Illegal::Times(
                "a silence must expire after it starts, and after now",
            ));
        }
        if times.len() > TIMES_MAX {
            return Err(Illegal::Times("a silence has at most 400 times"));
        }
        let follow = |pair: &[(Timestamp, Timestamp)]| pair[0].1 <= pair[1].0;
        if times.iter().any(|(begin, end)| end <= begin) || !times.windows(2).all(follow) {
            return Err(Illegal::Times(
                "times must follow each other, each with its end after its begin",
            ));
        }
        let policy = &self.policy.silences;
        let longest = match times.is_empty() {
            true => expires.since(starts),
            false => {
                let lengths = times.iter().map(|(begin, end)| end.since(*begin));
                lengths.max().unwrap_or(Span::ZERO)
            }
        };
        if longest > policy.hold_max || expires.since(now) > policy.ahead_max {
            return Err(Illegal::HoldsTooLong {
                hold: policy.hold_max.0 / Span::HOUR.0,
                ahead: policy.ahead_max.0 / Span::HOUR.0,
            });
        }
        Ok(())
    }
}

/// What a change made different.
fn differences(former: &Silence, silence: &Silence) -> Vec<Changed> {
    let time = |time: Option<Timestamp>| time.map_or(String::new(), Timestamp::to_rfc3339);
    let state = |silence: &Silence| {
        [
            ("owner", silence.owner.to_string()),
            ("reason", silence.reason.to_string()),
            ("expires", time(Some(silence.expires))),
            ("ended", time(silence.ended)),
        ]
    };
    let both = state(former).into_iter().zip(state(silence));
    let different = both.filter(|((_, before), (_, after))| before != after);
    different
        .map(|((field, before), (_, after))| Changed::new(field, &before, &after))
        .collect()
}
