//! Windows event data: the named fields of an event log record -> entities with roles. What Sysmon and the channels of
//! Windows call their fields, whoever ships them: `EventData` (Chainsaw, Zircolite), `winlog.event_data` (Beats),
//! `data.win.eventdata` (Wazuh, first letter in lower case), `Details` (Hayabusa, its own short names).
//!
//! Who did it is the subject, what it was done to the target; for logons the account is the target and its address
//! the source. Field names: <https://learn.microsoft.com/en-us/windows/security/threat-protection/auditing/> and
//! <https://learn.microsoft.com/en-us/sysinternals/downloads/sysmon>; short names:
//! <https://github.com/Yamato-Security/hayabusa-rules/blob/main/config/eventkey_alias.txt>.

use crate::entity::{Entity, EntityKind, Role};

use super::dotted::{self, KeyBuffer};
use super::draft::{Account, Draft, first_text, thing};
use super::json::Value;

/// The fields that matter, gathered in any order.
#[derive(Default)]
pub(crate) struct WindowsEvent<'a> {
    computer: Option<Value<'a>>,
    subject: Account<'a>,
    target: Account<'a>,
    outbound: Account<'a>,
    /// Sysmon's `User` and `SourceUser`, Hayabusa's `User`.
    user: Option<Value<'a>>,
    parent_user: Option<Value<'a>>,
    member: Account<'a>,
    renamed: [Option<Value<'a>>; 2],
    source_ip: [Option<Value<'a>>; 3],
    source_host: [Option<Value<'a>>; 3],
    target_ip: [Option<Value<'a>>; 2],
    target_host: [Option<Value<'a>>; 3],
    image: [Option<Value<'a>>; 3],
    parent_image: Option<Value<'a>>,
    target_image: Option<Value<'a>>,
    image_loaded: Option<Value<'a>>,
    target_file: Option<Value<'a>>,
    script: Option<Value<'a>>,
    object: Option<Value<'a>>,
    object_type: Option<Value<'a>>,
    service_file: Option<Value<'a>>,
    service: Account<'a>,
    hashes: [Option<Value<'a>>; 2],
    query: Option<Value<'a>>,
    answers: Option<Value<'a>>,
    url: Option<Value<'a>>,
}

impl<'a> WindowsEvent<'a> {
    /// Takes the field `key`, in any letter case, with or without blanks. Whether it was one of these.
    pub(crate) fn set(&mut self, key: &str, value: Value<'a>) -> bool {
        if value.is_nothing() {
            return false;
        }
        let mut buffer: KeyBuffer = [0; 40];
        let Some(key) = dotted::squeezed(key, &mut buffer) else {
            return false;
        };
        let slot = match key {
            b"computer" | b"computername" => &mut self.computer,
            b"subjectusername" | b"srcuser" | b"sourceusername" => &mut self.subject.name,
            b"subjectdomainname" | b"srcdom" => &mut self.subject.domain,
            b"subjectusersid" | b"srcusersid" => &mut self.subject.id,
            b"targetusername" | b"tgtuser" | b"targetuser" | b"samaccountname" => {
                &mut self.target.name
            }
            b"targetdomainname" | b"tgtdom" => &mut self.target.domain,
            b"targetusersid" | b"targetsid" | b"tgtsid" => &mut self.target.id,
            b"targetoutboundusername" => &mut self.outbound.name,
            b"targetoutbounddomainname" => &mut self.outbound.domain,
            b"membername" | b"member" => &mut self.member.name,
            b"membersid" => &mut self.member.id,
            b"oldtargetusername" => &mut self.renamed[0],
            b"newtargetusername" => &mut self.renamed[1],
            b"user" | b"username" | b"sourceuser" | b"accountname" | b"detectionuser" => {
                &mut self.user
            }
            b"parentuser" => &mut self.parent_user,
            b"ipaddress" | b"sourceip" | b"srcip" => &mut self.source_ip[0],
            b"sourceaddress" | b"srcaddr" => &mut self.source_ip[1],
            b"clientaddress" | b"address" => &mut self.source_ip[2],
            b"workstationname" | b"workstation" | b"srccomp" => &mut self.source_host[0],
            b"sourcehostname" | b"srchost" => &mut self.source_host[1],
            b"clientname" => &mut self.source_host[2],
            b"destinationip" | b"tgtip" | b"dstip" => &mut self.target_ip[0],
            b"destaddress" | b"destinationaddress" => &mut self.target_ip[1],
            b"destinationhostname" | b"tgthost" | b"dsthost" => &mut self.target_host[0],
            b"targetservername" | b"tgtsvr" => &mut self.target_host[1],
            b"tgtcomp" | b"targetcomputername" => &mut self.target_host[2],
            b"image" | b"newprocessname" | b"proc" => &mut self.image[0],
            b"processname" | b"srcproc" | b"sourceimage" => &mut self.image[1],
            b"application" | b"callerprocessname" => &mut self.image[2],
            b"parentimage" | b"parentprocessname" | b"parentproc" => &mut self.parent_image,
            b"targetimage" | b"tgtproc" => &mut self.target_image,
            b"imageloaded" => &mut self.image_loaded,
            b"targetfilename" | b"tgtfile" => &mut self.target_file,
            b"path" | b"scriptname" => &mut self.script,
            b"objectname" | b"relativetargetname" | b"obj" => &mut self.object,
            b"objecttype" | b"objtype" => &mut self.object_type,
            b"imagepath" | b"servicefilename" | b"svcpath" => &mut self.service_file,
            b"servicename" => &mut self.service.name,
            b"servicesid" => &mut self.service.id,
            b"hashes" => &mut self.hashes[0],
            b"hash" => &mut self.hashes[1],
            b"queryname" | b"query" => &mut self.query,
            b"queryresults" | b"result" => &mut self.answers,
            b"url" | b"remotename" => &mut self.url,
            _ => return false,
        };
        *slot = Some(value);
        true
    }

    /// Says what was gathered, in the order host, users, network, programs, files.
    pub(crate) fn tell(&self, draft: &mut Draft<'_>) {
        if let Some(computer) = self.computer {
            draft.hosts_or_ips(Role::Affected, computer, thing::HOST);
        }
        self.tell_users(draft);
        self.tell_network(draft);
        self.tell_programs(draft);
        self.tell_files(draft);
    }

    fn tell_users(&self, draft: &mut Draft<'_>) {
        draft.account(self.subject, Role::Actor, thing::USER);
        if let Some(user) = self.user {
            draft.account(named(user), Role::Actor, thing::USER);
        }
        if let Some(parent) = self.parent_user {
            let text = first_text(parent).unwrap_or_default();
            draft.fresh(EntityKind::User, Role::Actor, text, thing::OWN);
        }
        draft.account(self.target, Role::Target, thing::TARGET_USER);
        draft.account(self.outbound, Role::Target, thing::OWN + 1);
        draft.account(
            Account {
                // A distinguished name is no account's.
                name: self.member.name.filter(|name| !is_distinguished(*name)),
                ..self.member
            },
            Role::Target,
            thing::OWN + 2,
        );
        for renamed in self.renamed.into_iter().flatten() {
            draft.account(
                Account {
                    domain: self.target.domain,
                    ..named(renamed)
                },
                Role::Target,
                thing::OWN + 3,
            );
        }
        // Of Kerberos: the account of the service a ticket is for. Services of the machine have no SID.
        let service = self.service.name.and_then(first_text).unwrap_or_default();
        let is_account = self.service.id.is_some() || service.ends_with('$');
        if is_account && !service.eq_ignore_ascii_case("krbtgt") {
            draft.account(self.service, Role::Target, thing::OWN + 4);
        }
    }

    fn tell_network(&self, draft: &mut Draft<'_>) {
        for ip in self.source_ip.into_iter().flatten() {
            let ip = first_text(ip).unwrap_or_default();
            if !matches!(ip, "-" | "LOCAL") {
                draft.fresh(EntityKind::Ip, Role::Source, ip, thing::SOURCE);
            }
        }
        for host in self.source_host.into_iter().flatten() {
            let host = first_text(host).unwrap_or_default();
            if host != "-" && !draft.is_named(host) {
                draft.push(Entity::host_or_ip(Role::Source, host), thing::SOURCE);
            }
        }
        for ip in self.target_ip.into_iter().flatten() {
            draft.entities(EntityKind::Ip, Role::Target, ip, thing::TARGET);
        }
        let [destination, servers @ ..] = self.target_host;
        if let Some(name) = destination.and_then(first_text)
            && !matches!(name, "" | "-" | "localhost")
            && !draft.is_named(name)
        {
            draft.push(self.destination(name), thing::TARGET);
        }
        for host in servers.into_iter().flatten() {
            let host = first_text(host).unwrap_or_default();
            // `TERMSRV/srv1`: the service on it.
            let host = host.rsplit('/').next().unwrap_or(host);
            if !matches!(host, "-" | "localhost") && !draft.is_named(host) {
                draft.push(Entity::host_or_ip(Role::Target, host), thing::TARGET);
            }
        }
        if let Some(query) = self.query {
            draft.entities(EntityKind::Domain, Role::Target, query, thing::TARGET);
            // `type:  5 alias.example;::ffff:192.0.2.1;`
            let answers = self.answers.and_then(first_text).unwrap_or_default();
            for answer in answers.split(';').map(str::trim_ascii) {
                if let Some(ip) = Entity::new(EntityKind::Ip, Role::Target, answer) {
                    draft.push(Some(ip), thing::TARGET);
                }
            }
        }
        if let Some(url) = self.url.and_then(first_text)
            && url.contains("://")
        {
            draft.entity(EntityKind::Url, Role::Target, url, thing::TARGET);
        }
    }

    /// A machine of ours, or the name of something on the Internet: one with dots that is not of the computer's domain.
    fn destination(&self, name: &str) -> Option<Entity> {
        let computer = self.computer.and_then(first_text).unwrap_or_default();
        let domain = computer.split_once('.').map(|(_, domain)| domain);
        let is_ours = domain.is_some_and(|domain| {
            let start = name.len().saturating_sub(domain.len());
            name.get(start..)
                .is_some_and(|end| end.eq_ignore_ascii_case(domain))
        });
        let named = if name.contains('.') && !is_ours {
            Entity::new(EntityKind::Domain, Role::Target, name)
        } else {
            None
        };
        named.or_else(|| Entity::host_or_ip(Role::Target, name))
    }

    fn tell_programs(&self, draft: &mut Draft<'_>) {
        for image in self.image.into_iter().flatten() {
            draft.entities(EntityKind::Process, Role::Actor, image, thing::PROCESS);
        }
        if let Some(parent) = self.parent_image {
            draft.entities(EntityKind::Process, Role::Actor, parent, thing::PARENT);
        }
        if let Some(target) = self.target_image {
            let number = thing::TARGET_PROCESS;
            draft.entities(EntityKind::Process, Role::Target, target, number);
        }
        let is_file = self.image_loaded.or(self.target_file).is_some();
        let (role, number) = match is_file {
            true => (Role::Target, thing::FILE),
            false => (Role::Actor, thing::PROCESS),
        };
        for hashes in self.hashes.into_iter().flatten() {
            draft.hashes(role, hashes, number);
        }
    }

    fn tell_files(&self, draft: &mut Draft<'_>) {
        for file in [self.image_loaded, self.target_file].into_iter().flatten() {
            draft.entities(EntityKind::File, Role::Target, file, thing::FILE);
        }
        if let Some(script) = self.script.and_then(first_text) {
            // Defender writes `file:_C:\a.exe; webfile:_C:\b.exe|https://example.org/b.exe|pid:4`.
            for part in script.split("; ") {
                let part = part.split_once(":_").map_or(part, |(_, part)| part);
                let (path, rest) = part.split_once('|').unwrap_or((part, ""));
                self.tell_script(path, draft);
                let url = rest.split('|').next().unwrap_or(rest);
                if url.contains("://") {
                    draft.entity(EntityKind::Url, Role::Target, url, thing::TARGET);
                }
            }
        }
        if let Some(object) = self.object.and_then(first_text) {
            let kind = self.object_type.and_then(first_text).unwrap_or("File");
            let is_registry = object.starts_with(r"\REGISTRY");
            if kind.eq_ignore_ascii_case("file") && !is_registry && object.contains('\\') {
                draft.entity(EntityKind::File, Role::Target, object, thing::FILE);
            }
        }
        if let Some(program) = self.service_file.and_then(first_text).and_then(program) {
            draft.entity(EntityKind::File, Role::Target, program, thing::FILE);
        }
    }
}

impl WindowsEvent<'_> {
    /// A path, unless it is the program's own.
    fn tell_script(&self, path: &str, draft: &mut Draft<'_>) {
        let is_program =
            self.image.into_iter().flatten().any(|image| {
                first_text(image).is_some_and(|image| image.eq_ignore_ascii_case(path))
            });
        if path.contains(['\\', '/']) && !is_program {
            draft.entity(EntityKind::File, Role::Target, path, thing::FILE);
        }
    }
}

/// The program at the start of a command line: in quotes, up to `.exe` or the like, or the whole when it has no blank.
fn program(line: &str) -> Option<&str> {
    let line = line.trim_ascii();
    if let Some(rest) = line.strip_prefix('"') {
        return rest.split('"').next();
    }
    if !line.contains(' ') {
        return Some(line);
    }
    let lower = line.to_ascii_lowercase();
    let end = [".exe", ".sys", ".dll", ".bat", ".cmd"]
        .iter()
        .filter_map(|suffix| lower.find(suffix))
        .min()?;
    line.get(..end + 4)
}

fn is_distinguished(name: Value<'_>) -> bool {
    first_text(name).is_some_and(|name| {
        name.get(..3)
            .is_some_and(|cn| cn.eq_ignore_ascii_case("cn="))
    })
}

fn named(name: Value<'_>) -> Account<'_> {
    Account {
        name: Some(name),
        ..Account::default()
    }
}
