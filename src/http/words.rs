//! The words of the engine as the API's document lists them. The engine knows nothing of documents, so they are told
//! twice, and a test holds both together.

use utoipa::ToSchema;

macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident { $($word:ident),+ })+) => {
        $($(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, serde::Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(not(test), expect(dead_code, reason = "only its schema is used"))]
        pub(super) enum $name { $($word),+ }

        #[cfg(test)]
        impl $name {
            #[allow(dead_code, reason = "one of them is compared word by word")]
            fn words() -> Vec<String> {
                [$(Self::$word),+].iter().map(|word| serde_json::to_value(word).unwrap().as_str().unwrap().to_owned()).collect()
            }
        })+
    };
}

words! {
    /// Where a silence stands in its life.
    SilenceStateWord { Active, Waiting, Expired, Ended }
    /// Workflow status.
    StatusWord { New, Investigating, Contained, OnHold, Closed }
    /// What a case was.
    VerdictWord { TruePositive, Benign, FalsePositive, InsufficientData, Duplicate, Test }
    /// What an entity is.
    KindWord { Host, User, Ip, Hash, Domain, Url, Email, Process, File, CloudResource, Account }
    /// What an entity did in an alert.
    RoleWord { Source, Target, Actor, Affected, Observer }
    /// How a task stands.
    TaskStateWord { Open, Done, Skipped }
    /// How a case is connected with another.
    RelationWord { ContinuationOf, Related, Apart, RecurrenceOf }
    /// What connects two activities.
    LinkWord { SharedEntity, SameRun, SameRule, HotSubject, Attached }
}

#[cfg(test)]
mod tests {
    use caseloom_engine::command::{TaskState, Verdict};
    use caseloom_engine::entity::{EntityKind, Role};
    use caseloom_engine::record::{LinkKind, Relation, Status};
    use caseloom_engine::silence::SilenceState;

    use super::*;

    #[test]
    fn the_words_are_the_engines() {
        assert_eq!(StatusWord::words(), Status::ALL.map(Status::as_str));
        assert_eq!(
            VerdictWord::words(),
            Verdict::ALL.map(|verdict| verdict.as_str())
        );
        assert_eq!(KindWord::words(), EntityKind::ALL.map(EntityKind::as_str));
        assert_eq!(RoleWord::words(), Role::ALL.map(Role::as_str));
        assert_eq!(LinkWord::words(), LinkKind::ALL.map(LinkKind::as_str));
        assert_eq!(
            SilenceStateWord::words(),
            SilenceState::ALL.map(SilenceState::as_str)
        );
        let states = [TaskState::Open, TaskState::Done, TaskState::Skipped];
        assert_eq!(TaskStateWord::words(), states.map(|state| state.as_str()));
        for relation in [
            Relation::ContinuationOf,
            Relation::Related,
            Relation::Apart,
            Relation::RecurrenceOf,
        ] {
            // A new one has no arm, and then no word either.
            let word = match relation {
                Relation::ContinuationOf => RelationWord::ContinuationOf,
                Relation::Related => RelationWord::Related,
                Relation::Apart => RelationWord::Apart,
                Relation::RecurrenceOf => RelationWord::RecurrenceOf,
            };
            let written = [
                serde_json::to_value(relation).unwrap(),
                serde_json::to_value(word).unwrap(),
            ];
            assert_eq!(written[0], written[1]);
        }
    }
}
