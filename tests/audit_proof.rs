//! The audit's heads go out when they move, and `verify` finds each way to tamper with a chain or with evidence, with its
//! place.

#![expect(
    clippy::unwrap_used,
    reason = "the panic of a helper is the report of its test"
)]

mod common;

use caseloom::events::AuditHeadEvent;
use caseloom::evidence::EvidenceStore;
use caseloom::pipeline::Wish;
use caseloom::ports::{Destination, OutputRecord};
use caseloom::store::{BatchStore, CommitBatch, Store};
use caseloom::verify::{AuditCheck, AuditSums, DeliveredHead, Findings, check_evidence};
use caseloom_engine::command::{Action, Actor, Answer, NewEvidence, Proof};
use caseloom_engine::ids::ScopeId;
use caseloom_engine::record::Record;
use caseloom_engine::time::Span;
use common::*;
use rocksdb::{ColumnFamilyDescriptor, DB, Options};

/// Ana does this to the one case.
fn act(running: &mut Running, action: Action) {
    let wish = Wish {
        scope: "default".into(),
        case: groups(&running.reader)[0].case,
        actor: Actor {
            name: "ana".into(),
            proof: Proof::Token,
        },
        expected: None,
        key: None,
        action,
    };
    let told = running.desk.submit(wish).unwrap();
    running.owner.obey().unwrap();
    assert!(matches!(told.blocking_recv(), Ok(Answer::Done(_))));
}

fn note(running: &mut Running) {
    let text = "seen".into();
    act(running, Action::Note { text });
}

/// The heads that went out, by number.
fn heads(rig: &Rig) -> Vec<AuditHeadEvent> {
    let arrived = rig.outside.arrived();
    let parse = |record: &&OutputRecord| {
        assert_eq!(record.key, b"default");
        serde_json::from_slice(record.value.as_deref().unwrap()).unwrap()
    };
    of(&arrived, Destination::AuditHeads)
        .iter()
        .map(parse)
        .collect()
}

fn numbers(rig: &Rig) -> Vec<u64> {
    heads(rig).iter().map(|head| head.seq).collect()
}

/// A store in which ana wrote five notes, and the heads that went out.
fn world() -> (Rig, Vec<AuditHeadEvent>) {
    let rig = Rig::new();
    let mut running = rig.start();
    running.step(&messages([critical("a1", "web-01")]));
    for _ in 0..5 {
        note(&mut running);
        rig.clock.advance(Span::HOUR);
        running.step(&[]);
    }
    running.finish(&[]);
    let heads = heads(&rig);
    assert_eq!(numbers(&rig), [1, 2, 3, 4, 5]);
    (rig, heads)
}

/// What is found in this store with these heads.
fn found(store: &Store, heads: &[AuditHeadEvent]) -> (AuditSums, Findings) {
    let mut findings = Findings::default();
    let mut check = AuditCheck::of_store(&store.reader, &mut findings).unwrap();
    for (offset, head) in (0..).zip(heads) {
        let value = serde_json::to_vec(head).unwrap();
        let delivered = DeliveredHead {
            partition: 0,
            offset,
            key: head.scope.as_bytes(),
            value: &value,
            is_old: true,
        };
        check.take(&delivered, &mut findings).unwrap();
    }
    (check.sums().clone(), findings)
}

fn told(findings: &Findings) -> Vec<(&str, &str)> {
    let findings = findings.findings.iter();
    findings
        .map(|finding| (finding.kind, &*finding.what))
        .collect()
}

/// Changes the audit as somebody with the store's files in hand would.
fn tamper(rig: &Rig, change: impl FnOnce(&DB, &rocksdb::ColumnFamily, &[(Vec<u8>, Vec<u8>)])) {
    let names = DB::list_cf(&Options::default(), rig.path()).unwrap();
    let families = names
        .iter()
        .map(|name| ColumnFamilyDescriptor::new(name, Options::default()));
    let db = DB::open_cf_descriptors(&Options::default(), rig.path(), families).unwrap();
    let audit = db.cf_handle("audit").unwrap();
    let entries = db.iterator_cf(audit, rocksdb::IteratorMode::Start);
    let records: Vec<_> = entries
        .map(|entry| {
            entry
                .map(|(key, value)| (key.to_vec(), value.to_vec()))
                .unwrap()
        })
        .collect();
    change(&db, audit, &records);
}

#[test]
fn heads_go_out_when_they_move_and_at_most_once_a_minute() {
    let rig = Rig::new();
    let mut running = rig.start();
    let lane = running.publish();
    running.step(&messages([critical("a1", "web-01")]));
    note(&mut running);
    running.step(&[]);
    for seconds in [1, 58] {
        rig.clock.advance(Span(seconds * 1_000));
        note(&mut running);
        running.step(&[]);
    }
    wait_until("the first head", || numbers(&rig) == [1]);
    rig.clock.advance(Span::SECOND);
    running.step(&[]);
    wait_until("the next head", || numbers(&rig) == [1, 3]);
    rig.clock.advance(Span::HOUR);
    running.step(&[]);
    note(&mut running);
    drop(running.end());
    lane.join().unwrap();
    assert_eq!(numbers(&rig), [1, 3], "what did not move is not said");

    // A crash: the next start doesn't know what was said, and says it all.
    rig.start().finish(&[]);
    assert_eq!(numbers(&rig), [1, 3, 4]);
    let store = rig.open_store();
    let head = store.reader.audit_head(ScopeId(0)).unwrap().unwrap();
    let said = heads(&rig).pop().unwrap();
    assert_eq!(
        said.hash,
        blake3::Hash::from_bytes(head.hash).to_hex().as_str()
    );
    assert_eq!(said.lineage, store.reader.lineage().unwrap().to_string());
}

#[test]
fn a_stop_says_what_waited_for_its_time() {
    let rig = Rig::new();
    let mut running = rig.start();
    running.step(&messages([critical("a1", "web-01")]));
    note(&mut running);
    running.step(&[]);
    note(&mut running);
    running.step(&[]);
    running.finish(&[]);
    assert_eq!(numbers(&rig), [1, 2]);
}

#[test]
fn a_whole_chain_is_found_to_be_so() {
    let (rig, heads) = world();
    let (sums, findings) = found(&rig.open_store(), &heads);
    assert_eq!(told(&findings), []);
    assert_eq!((sums.chains, sums.records, sums.heads), (1, 5, 5));
}

#[test]
fn a_chain_that_was_cut_off_is_found() {
    let (rig, heads) = world();
    tamper(&rig, |db, audit, records| {
        db.delete_cf(audit, &records[4].0).unwrap();
    });
    let (_, findings) = found(&rig.open_store(), &[]);
    let place = "scope default: the chain ends at record 4, and its head is record 5";
    assert_eq!(told(&findings), [("audit_truncated", place)]);

    // With the head in the store cut off too, only the published one tells.
    let mut store = rig.open_store();
    let mut head = store.reader.audit_head(ScopeId(0)).unwrap().unwrap();
    let last = store.reader.audit_record(ScopeId(0), 4).unwrap().unwrap();
    (head.seq, head.hash) = (last.seq, last.hash);
    let records = [Record::AuditHead(head)];
    let batch = CommitBatch {
        records: &records,
        ..CommitBatch::default()
    };
    store.writer.commit(&batch).unwrap();
    assert_eq!(told(&found(&store, &[]).1), []);
    let (_, findings) = found(&store, &heads);
    let place = "scope default: head at 0/4 tells of record 5, which the store does not have";
    assert_eq!(told(&findings), [("audit_truncated", place)]);
}

#[test]
fn a_record_that_is_missing_or_in_another_place_is_found() {
    let (rig, _) = world();
    tamper(&rig, |db, audit, records| {
        db.put_cf(audit, &records[1].0, &records[2].1).unwrap();
        db.put_cf(audit, &records[2].0, &records[1].1).unwrap();
    });
    let (_, findings) = found(&rig.open_store(), &[]);
    let swapped = [
        (
            "audit_order",
            "scope default: record 3 stands where 2 should",
        ),
        (
            "audit_order",
            "scope default: record 2 stands where 4 should",
        ),
        (
            "audit_order",
            "scope default: record 4 stands where 3 should",
        ),
    ];
    assert_eq!(told(&findings), swapped);

    let (rig, _) = world();
    tamper(&rig, |db, audit, records| {
        db.delete_cf(audit, &records[2].0).unwrap();
    });
    let (_, findings) = found(&rig.open_store(), &[]);
    let place = "scope default: record 4 stands where 3 should";
    assert_eq!(told(&findings), [("audit_order", place)]);
}

#[test]
fn a_record_that_was_altered_is_found_however_well() {
    let (rig, heads) = world();
    let mut store = rig.open_store();
    let mut records = store.reader.audit(ScopeId(0), 0, 10).unwrap();
    let put = |store: &mut Store, records: &[Record]| {
        let batch = CommitBatch {
            records,
            ..CommitBatch::default()
        };
        store.writer.commit(&batch).unwrap();
    };
    records[2].text = records[2].text.replace("seen", "sawn");
    put(&mut store, &[Record::Audit(Box::new(records[2].clone()))]);
    let place = "scope default: record 3 was changed: its text has another hash";
    assert_eq!(told(&found(&store, &[]).1), [("audit_altered", place)]);
    let rewritten = found(&store, &heads).1;
    assert!(rewritten.has("audit_rewritten"), "{rewritten:?}");

    // With its own hash made anew the next record tells.
    records[2].hash = *blake3::hash(records[2].text.as_bytes()).as_bytes();
    put(&mut store, &[Record::Audit(Box::new(records[2].clone()))]);
    let (_, findings) = found(&store, &[]);
    assert!(
        told(&findings)[0]
            .1
            .starts_with("scope default: record 4 names another record before it")
    );

    // With the whole chain made anew from there, only the published heads tell, and from where on.
    for place in 3..5 {
        let before = blake3::Hash::from_bytes(records[place - 1].hash).to_hex();
        let (_, rest) = records[place].text.split_at(r#"{"prev":""#.len() + 64);
        records[place].text = format!(r#"{{"prev":"{before}{rest}"#);
        records[place].hash = *blake3::hash(records[place].text.as_bytes()).as_bytes();
        put(
            &mut store,
            &[Record::Audit(Box::new(records[place].clone()))],
        );
    }
    let mut head = store.reader.audit_head(ScopeId(0)).unwrap().unwrap();
    head.hash = records[4].hash;
    put(&mut store, &[Record::AuditHead(head)]);
    assert_eq!(told(&found(&store, &[]).1), []);
    let (_, findings) = found(&store, &heads);
    let kinds: Vec<_> = told(&findings).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["audit_rewritten"; 3]);
    assert!(
        told(&findings)[0]
            .1
            .starts_with("scope default, record 3: head at 0/2 says ")
    );
}

#[test]
fn heads_of_an_earlier_life_and_strange_ones_are_told_apart() {
    let (rig, mut heads) = world();
    heads[1].lineage = "00".repeat(16);
    heads[1].hash = "11".repeat(32);
    heads[2].scope = "elsewhere".into();
    let (sums, findings) = found(&rig.open_store(), &heads);
    assert_eq!(sums.from_before, 1);
    let place = "scope elsewhere: head at 0/2 tells of record 3, which the store does not have";
    assert_eq!(told(&findings), [("audit_truncated", place)]);
}

#[test]
fn evidence_is_read_through() {
    let rig = Rig::new();
    let files = EvidenceStore::beside(rig.path());
    let mut running = rig.start();
    running.step(&messages([critical("a1", "web-01")]));
    let names = [b"one" as &[u8], b"two", b"three"].map(|bytes| {
        let sha256 = files.put(bytes).unwrap();
        let new = NewEvidence {
            name: "memory.dmp".into(),
            text: "".into(),
            media_type: "".into(),
            bytes: bytes.len() as u64,
            sha256: sha256.as_str().into(),
        };
        act(&mut running, Action::AddEvidence(Box::new(new)));
        sha256
    });
    files.put(b"refused").unwrap();
    let reader = running.end().reader;
    let mut findings = Findings::default();
    let sums = check_evidence(&reader, &files, &mut findings).unwrap();
    assert_eq!(told(&findings), []);
    assert_eq!(
        (sums.pieces, sums.files, sums.bytes, sums.unnamed),
        (3, 3, 11, 1)
    );

    let path = |name: &str| rig.path().join("evidence").join(&name[..2]).join(name);
    std::fs::write(path(&names[0]), "uno").unwrap();
    std::fs::remove_file(path(&names[1])).unwrap();
    let mut findings = Findings::default();
    check_evidence(&reader, &files, &mut findings).unwrap();
    let kinds: Vec<_> = told(&findings).iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["evidence_altered", "evidence_missing"]);
    assert!(told(&findings)[1].1.contains(&names[1]));
}
