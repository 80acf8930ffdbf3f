//! Clients that come in by certificate: what `countersign login` makes serves psql and mariadb as it is, nobody else's and
//! nothing else does, and who wants one needs both factors.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use end_to_end::{
    Database, Done, Guarded, Place, Plan, Running, countersign, eventually, psql, run, run_with_input,
};

/// The rest of a line that `countersign login` prints.
fn printed(told: &str, client: &str) -> String {
    let line = told.lines().find_map(|line| line.strip_prefix(client));
    line.unwrap_or_else(|| panic!("no {client} in {told}")).trim().to_owned()
}

/// Where a person's login keeps its files.
fn folder(shop: &Guarded, person: &str) -> PathBuf {
    shop.bastion.scratch().join(format!("login-{person}"))
}

/// `countersign login` of somebody who has given their code.
#[track_caller]
fn log_in(shop: &Guarded, person: &str, more: &[&str]) -> Done {
    shop.bastion.log_in(person);
    let mut login = Command::new(countersign());
    login.args(["login", &format!("{person}@gateway"), "-F"]).arg(shop.bastion.ssh_config());
    login.arg("--folder").arg(folder(shop, person)).args(more).env_remove("SSH_AUTH_SOCK");
    run(&mut login)
}

/// A place without a password, as `writer`.
fn place(shop: &Guarded, person: &str) -> Place {
    Place { password: String::new(), ..shop.place_of(person, "writer") }
}

/// `psql` of a person, with the files of a folder.
fn with_files(shop: &Guarded, person: &str, files: &Path) -> Command {
    let mut psql = psql(&place(shop, person));
    psql.env("PGSSLCERT", files.join("client.crt")).env("PGSSLKEY", files.join("client.key"));
    psql.env_remove("PGPASSWORD").args(["-w", "-c", "SELECT 'in'"]);
    psql
}

#[track_caller]
fn openssl(folder: &Path, line: &str) {
    run(Command::new("openssl").current_dir(folder).args(line.split_whitespace())).ok();
}

/// A folder with a key, and a request for it.
fn requested(shop: &Guarded, name: &str, more: &str) -> PathBuf {
    let folder = shop.bastion.scratch().join(name);
    fs::create_dir_all(&folder).expect("a folder");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key";
    openssl(&folder, &format!("req -new {key} -out request.pem {more}"));
    folder
}

#[test]
fn what_login_makes_serves_psql_and_is_private() {
    let shop = Guarded::with_orders(Plan::shipped());
    let told = log_in(&shop, "alice", &[]).ok();
    let files = folder(&shop, "alice");
    assert!(told.contains("alice+ACCOUNT@DATABASE"), "{told}");
    assert_eq!(run(&mut with_files(&shop, "alice", &files)).ok(), "in\n");
    // What it prints is what clients need, with no password and nothing of the node's.
    let place = place(&shop, "alice");
    let settings = format!("user={} dbname=shop {}", place.user, printed(&told, "psql:"));
    let mut psql = psql(&place);
    psql.env_remove("PGSSLROOTCERT").env_remove("PGSSLMODE");
    assert_eq!(run(psql.args(["-w", "-c", "SELECT 'in'", &settings])).ok(), "in\n");
    let mut jdbc = place.program("certificate/ByJdbc.java");
    assert_eq!(run(jdbc.arg(printed(&told, "JDBC:"))).ok(), "in\n");
    let modes = run(Command::new("find").arg(&files).args(["-type", "f", "-perm", "/077"])).ok();
    assert_eq!(modes, "", "others could read these");
    let made = shop.bastion.entries_of("state").iter().filter(|entry| entry["of"] == "certificate").count();
    assert_eq!(made, 1);
    let entered = shop.bastion.entries_of("login");
    assert!(
        entered.iter().any(|login| login["how"].as_str().is_some_and(|how| how.contains("by certificate")))
    );
    let key = fs::read_to_string(files.join("client.key")).expect("a key");
    let secret = key.lines().nth(1).expect("its body").to_owned();
    assert!(
        !run(Command::new("grep").args(["-rlF", "--", &secret]).arg(shop.bastion.node())).status.success()
    );
    // A second login replaces the first, and both certificates are listed.
    log_in(&shop, "alice", &["--for", "1h"]).ok();
    assert_eq!(run(&mut with_files(&shop, "alice", &files)).ok(), "in\n");
    assert_eq!(shop.bastion.desk("alice", "certificates").ok().lines().count(), 3);
    for time in ["13h", "10s"] {
        assert!(log_in(&shop, "alice", &["--for", time]).refused().contains("12 hours"), "{time}");
    }
}

#[test]
fn only_the_certificate_of_that_person_with_its_key_lets_them_in() {
    let shop = Guarded::with_orders(Plan::shipped());
    for person in ["alice", "erin"] {
        log_in(&shop, person, &[]).ok();
    }
    let (hers, other) = (folder(&shop, "alice"), folder(&shop, "erin"));
    let refused = |mut psql: Command, why: &str| {
        let told = run(&mut psql).refused();
        assert!(told.contains(why), "{why}: {told}");
    };
    refused(with_files(&shop, "alice", &other), "The certificate must be of the person");
    refused(with_files(&shop, "erin", &hers), "authentication failed");
    let mut nobody = with_files(&shop, "alice", &hers);
    nobody.args(["-U", "nobody+writer@shop"]);
    refused(nobody, "authentication failed");
    // Her certificate, somebody else's key.
    let mut stolen = with_files(&shop, "alice", &hers);
    stolen.env("PGSSLKEY", other.join("client.key"));
    refused(stolen, "key");
    // Other authorities: one that somebody made, and the gateway's own, also under the other's name.
    for (name, line) in [
        ("theirs", "-subj /CN=alice -addext extendedKeyUsage=clientAuth".to_owned()),
        ("server", {
            let node = shop.bastion.node();
            let (ca, key) = (node.join("tls_ca.pem"), node.join("secrets/tls_ca.key"));
            let signer = format!("-CA {} -CAkey {}", ca.display(), key.display());
            format!("-subj /CN=alice -addext extendedKeyUsage=clientAuth {signer}")
        }),
        ("posing", format!("-subj /CN=alice {}", by_posing_authority(&shop))),
    ] {
        let folder = shop.bastion.scratch().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key";
        openssl(&folder, &format!("req -x509 {key} -out client.crt -days 1 {line}"));
        refused(with_files(&shop, "alice", &folder), "alert");
    }
    // The client authority's own key lies where nobody but the gateway reads it. Without a row it signs nobody in either.
    let stolen = shop.bastion.scratch().join("stolen");
    fs::create_dir_all(&stolen).expect("a folder");
    let chain = fs::read_to_string(hers.join("client.crt")).expect("a chain");
    let authority = chain.split_inclusive("-----END CERTIFICATE-----\n").nth(1).expect("the authority");
    fs::write(stolen.join("ca.crt"), authority).expect("a file");
    let signer = format!("-CA ca.crt -CAkey {}", shop.bastion.node().join("secrets/client_ca.key").display());
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key";
    openssl(
        &stolen,
        &format!(
            "req -x509 {key} -out client.crt -days 1 -subj /CN=alice -addext extendedKeyUsage=clientAuth \
             -addext basicConstraints=CA:FALSE {signer}"
        ),
    );
    refused(with_files(&shop, "alice", &stolen), "lapsed or was ended");
    // The gateway's own certificate and key.
    let run_folder = shop.bastion.node().join("run");
    let mut server = with_files(&shop, "alice", &run_folder);
    server.env("PGSSLCERT", run_folder.join("tls.pem")).env("PGSSLKEY", run_folder.join("tls.key"));
    refused(server, "SSL");
    assert_eq!(run(&mut with_files(&shop, "alice", &hers)).ok(), "in\n");
    // Who shows none is asked for a ticket, as ever.
    assert_eq!(run(psql(&shop.place("erin", "writer")).args(["-c", "SELECT 2"])).ok(), "2\n");
}

/// Options that sign by an authority of the same name as the real one.
fn by_posing_authority(shop: &Guarded) -> String {
    let folder = shop.bastion.scratch().join("posing-authority");
    fs::create_dir_all(&folder).expect("a folder");
    let line = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 1 -subj";
    let mut made = Command::new("openssl");
    made.current_dir(&folder).args(line.split_whitespace()).arg("/CN=Countersign client authority");
    run(&mut made).ok();
    format!(
        "-CA {} -CAkey {} -addext extendedKeyUsage=clientAuth",
        folder.join("ca.crt").display(),
        folder.join("ca.key").display()
    )
}

#[test]
fn a_certificate_needs_nothing_but_openssl_and_both_factors() {
    let shop = Guarded::with_orders(Plan::shipped());
    let files = requested(&shop, "wishes", "-subj /CN=bob -addext basicConstraints=critical,CA:TRUE");
    let request = fs::read(files.join("request.pem")).expect("a request");
    // A key alone, no code: nothing.
    let mut without_code = shop.bastion.client("ssh");
    without_code.args(["alice@gateway", "certificate"]);
    run_with_input(&mut without_code, &request).refused();
    let chain = shop.bastion.desk_with("alice", "certificate --for 1h", &request).ok();
    fs::write(files.join("client.crt"), &chain).expect("a file");
    let shown = run(Command::new("openssl").current_dir(&files).args([
        "x509",
        "-in",
        "client.crt",
        "-noout",
        "-subject",
        "-ext",
        "basicConstraints,extendedKeyUsage,subjectAltName",
    ]))
    .ok();
    assert!(shown.contains("CN = alice") || shown.contains("CN=alice"), "{shown}");
    assert!(shown.contains("CA:FALSE") && shown.contains("Client Authentication"), "{shown}");
    assert!(shown.contains("countersign:person/alice") && !shown.contains("bob"), "{shown}");
    assert_eq!(run(&mut with_files(&shop, "alice", &files)).ok(), "in\n");
    // What was signed signs nobody.
    let sub = shop.bastion.scratch().join("sub");
    fs::create_dir_all(&sub).expect("a folder");
    let signer = format!("-CA {0}/client.crt -CAkey {0}/client.key", files.display());
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout client.key";
    openssl(
        &sub,
        &format!(
            "req -x509 {key} -out own.crt -days 1 -subj /CN=bob -addext extendedKeyUsage=clientAuth {signer}"
        ),
    );
    let own = fs::read_to_string(sub.join("own.crt")).expect("a certificate");
    fs::write(sub.join("client.crt"), own + &chain).expect("a file");
    let told = run(&mut with_files(&shop, "bob", &sub)).refused();
    assert!(told.contains("SSL"), "{told}");
    // Weak keys and forged requests.
    let weak = shop.bastion.scratch().join("weak");
    fs::create_dir_all(&weak).expect("a folder");
    openssl(&weak, "req -new -newkey rsa:1024 -nodes -keyout client.key -out request.pem -subj /CN=x");
    let mut long = request.clone();
    long.resize(60 * 1024, b'\n');
    for bytes in [fs::read(weak.join("request.pem")).expect("a request"), long, b"nonsense".to_vec()] {
        let told = shop.bastion.desk_with("alice", "certificate", &bytes).refused();
        assert!(told.contains("refused: the request"), "{told}");
    }
    openssl(&weak, "req -new -newkey rsa:2048 -nodes -keyout client.key -out request.pem -subj /CN=x");
    let strong = fs::read(weak.join("request.pem")).expect("a request");
    let chain = shop.bastion.desk_with("alice", "certificate", &strong).ok();
    fs::write(weak.join("client.crt"), chain).expect("a file");
    assert_eq!(run(&mut with_files(&shop, "alice", &weak)).ok(), "in\n");
}

#[test]
fn ending_a_certificate_or_its_person_ends_what_came_in_by_it() {
    let shop = Guarded::with_orders(Plan::shipped());
    for person in ["alice", "erin"] {
        log_in(&shop, person, &[]).ok();
    }
    let sleeping = |person: &str| {
        let mut psql = psql(&place(&shop, person));
        let files = folder(&shop, person);
        psql.env("PGSSLCERT", files.join("client.crt")).env("PGSSLKEY", files.join("client.key"));
        let mut running =
            Running::start(psql.args(["-w", "-c", "SELECT 'begun'", "-c", "SELECT pg_sleep(100)"]));
        running.until_stdout("begun");
        running
    };
    let (of_alice, of_erin) = (sleeping("alice"), sleeping("erin"));
    let listed = shop.bastion.desk("alice", "certificates").ok();
    let id = listed.lines().nth(1).and_then(|row| row.split_whitespace().next()).expect("a row").to_owned();
    shop.bastion.desk("erin", &format!("certificate revoke {id}")).refused();
    shop.bastion.desk("alice", &format!("certificate revoke {id}")).ok();
    let told = of_alice.finish().refused();
    assert!(told.contains("lapsed or was ended"), "{told}");
    let told = run(&mut with_files(&shop, "alice", &folder(&shop, "alice"))).refused();
    assert!(told.contains("Get another"), "{told}");
    shop.bastion.admin(&["person", "suspend", "erin"]);
    of_erin.finish().refused();
    run(&mut with_files(&shop, "erin", &folder(&shop, "erin"))).refused();
    eventually("the row's end", || {
        let gone = shop.bastion.entries_of("state").into_iter();
        (gone.filter(|entry| entry["of"] == "certificate" && entry["after"].is_null()).count() == 2)
            .then_some(())
    });
    shop.bastion.admin(&["person", "resume", "erin"]);
    run(&mut with_files(&shop, "erin", &folder(&shop, "erin"))).refused();
}

#[test]
fn mariadb_and_pymysql_come_in_by_certificate_without_a_password() {
    let shop = Guarded::start(Database::mariadb(), Plan::shipped());
    let [hers, other] = ["alice", "erin"].map(|person| printed(&log_in(&shop, person, &[]).ok(), "mariadb:"));
    let client = |options: &str| {
        let place = place(&shop, "alice");
        let mut client = place.client("mariadb");
        // Printed for a shell, which takes the quotes away.
        client.arg("--no-defaults").args(options.replace('\'', "").split_whitespace());
        client.args(["-N", "-h", "127.0.0.1", "-P", &place.port.to_string(), "-u", &place.user]);
        client.args(["-e", "SELECT 'in'", "shop"]);
        client
    };
    assert_eq!(run(&mut client(&hers)).ok(), "in\n");
    assert_eq!(run(client(&hers).arg("--password=whatever")).ok(), "in\n");
    let told = run(&mut client(&other)).refused();
    assert!(told.contains("The certificate must be of the person"), "{told}");
    let mut python = place(&shop, "alice").client("/usr/bin/python3");
    let files = folder(&shop, "alice");
    let script = "import os, pymysql, sys\n\
        f = sys.argv[1]\n\
        c = pymysql.connect(host='127.0.0.1', port=int(os.environ['DB_PORT']), user=os.environ['DB_USER'], database='shop',\n\
            ssl={'ca': f + '/server-ca.crt', 'cert': f + '/client.crt', 'key': f + '/client.key'})\n\
        k = c.cursor(); k.execute(\"SELECT 'in'\"); print(k.fetchone()[0])\n";
    assert_eq!(run(python.args(["-c", script]).arg(&files)).ok(), "in\n");
}
