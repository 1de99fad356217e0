//! Obedience: what people want is decided between two batches of alerts, and answered when it is durable.

use caseloom_engine::command::Command;
use caseloom_engine::ids::{CaseId, GroupId};
use caseloom_engine::time::Timestamp;

use super::PipelineError;
use super::desk::{Ticket, Wish};
use super::intake::Intake;
use super::owner::Owner;
use crate::ports::RecordBatch;

impl Owner {
    /// Does what people want, in batches of their own, and answers when they are durable.
    ///
    /// # Errors
    /// When the store failed; nobody is answered then.
    pub fn obey(&mut self) -> Result<(), PipelineError> {
        let mut tickets = self.desk.take().into_iter().peekable();
        while let Some(first) = tickets.next() {
            let mut batch = vec![first];
            // Who reshapes cases needs all that was decided before in the store: a batch of its own.
            let alone = |ticket: &Ticket| ticket.wish.action.reshapes();
            while !alone(&batch[0])
                && let Some(next) = tickets.next_if(|next| !alone(next))
            {
                batch.push(next);
            }
            self.obey_batch(batch)?;
        }
        Ok(())
    }

    fn obey_batch(&mut self, tickets: Vec<Ticket>) -> Result<(), PipelineError> {
        let now = self.clock.now().max(self.told);
        self.told = now;
        for ticket in &tickets {
            self.decide(now, ticket)?;
        }
        let Intake {
            correlator,
            decision,
            ..
        } = &mut self.intake;
        correlator.seal(decision);
        let nothing = RecordBatch::default();
        if self.has_news(&nothing) {
            self.commit(&nothing, now)?;
        }
        let answers = std::mem::take(&mut self.intake.decision.answers);
        self.intake.clear();
        for (ticket, answer) in tickets.into_iter().zip(answers) {
            self.metrics.observe_answer(&answer);
            // Who asked may have gone; what is done is done.
            ticket.answer.send(answer).ok();
        }
        Ok(())
    }

    /// Decides one command. The store is asked for the case: all earlier batches are in it, and a case that another
    /// command of this batch has recalled is in the engine.
    fn decide(
        &mut self,
        now: Timestamp,
        Ticket { wish, .. }: &Ticket,
    ) -> Result<(), PipelineError> {
        if wish.action.reshapes() {
            return self.reshape(now, wish);
        }
        if wish.action.silences() {
            let command = command(wish, GroupId(0));
            let Intake {
                correlator,
                decision,
                ..
            } = &mut self.intake;
            correlator.on_command(now, &command, decision);
            return Ok(());
        }
        let correlator = &mut self.intake.correlator;
        let recall = self
            .writer
            .recall(wish.case, &|group| correlator.holds(group))?;
        // No group has this number: the engine says that the case is unknown.
        let group = recall
            .as_ref()
            .map_or(GroupId(u64::MAX), |recall| recall.group.id);
        if let Some(recall) = recall.filter(|_| !correlator.holds(group)) {
            correlator.recall(recall);
        }
        let command = command(wish, group);
        let correlator = &mut self.intake.correlator;
        correlator.on_command(now, &command, &mut self.intake.decision);
        Ok(())
    }

    /// Decides a command that is about more than one case: all of them are asked for.
    fn reshape(&mut self, now: Timestamp, wish: &Wish) -> Result<(), PipelineError> {
        let correlator = &mut self.intake.correlator;
        let cases: [Option<CaseId>; 2] = [Some(wish.case), wish.action.other()];
        for case in cases.into_iter().flatten() {
            if let Some(recall) = self.writer.recall(case, &|_| false)? {
                correlator.bring(recall);
            }
        }
        // The engine knows the case by what was brought.
        let command = command(wish, GroupId(u64::MAX));
        correlator.on_command(now, &command, &mut self.intake.decision);
        Ok(())
    }
}

fn command(wish: &Wish, group: GroupId) -> Command {
    Command {
        scope: wish.scope.clone(),
        case: wish.case,
        group,
        actor: wish.actor.clone(),
        expected: wish.expected,
        key: wish.key.clone(),
        action: wish.action.clone(),
    }
}
