use std::fs;

use super::*;
use crate::config::List;
use crate::filter::{Asker, Verdict, VerdictKind};

fn config(folder: &Path, files: &[(&str, &str)]) -> Config {
    let lists = files.iter().map(|(name, text)| {
        let file = folder.join(name);
        fs::write(&file, text).unwrap();
        List { file: Some(file), ..List::named(name) }
    });
    Config { lists: lists.collect(), ..Config::default() }
}

fn kind(rules: &Rules, name: &str) -> VerdictKind {
    let mut verdict = Verdict::default();
    rules.table.judge(&name.parse().unwrap(), &Asker::any(u64::MAX), &mut verdict);
    verdict.kind
}

#[test]
fn a_kept_table_serves_until_a_list_changes() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &[("own", "a.test\nb..test\n")]);
    let data = Some(folder.path());
    let first = Rules::load(&config, data).unwrap();
    assert_eq!(
        (kind(&first, "a.test"), kind(&first, "x.a.test")),
        (VerdictKind::Block, VerdictKind::Pass)
    );
    let own = &first.lists[7];
    assert_eq!((own.rules, own.skipped_lines()), (1, 1));
    assert_eq!(own.first_skipped, ["line 2: a label is empty: b..test"]);

    let inode = || {
        fs::metadata(folder.path().join(TABLE))
            .map(|file| std::os::unix::fs::MetadataExt::ino(&file))
            .unwrap()
    };
    let compiled = inode();
    let again = Rules::load(&config, data).unwrap();
    assert_eq!((inode(), &again.lists), (compiled, &first.lists));

    fs::write(folder.path().join("own"), "other.test\n").unwrap();
    let changed = Rules::load(&config, data).unwrap();
    assert_eq!(
        (kind(&changed, "a.test"), kind(&changed, "other.test")),
        (VerdictKind::Pass, VerdictKind::Block)
    );
    assert_eq!(kind(&first, "a.test"), VerdictKind::Block, "the replaced table lives on");
}

#[test]
fn a_damaged_table_is_compiled_anew() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &[("own", "a.test\n")]);
    drop(Rules::load(&config, Some(folder.path())).unwrap());
    let path = folder.path().join(TABLE);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&path, bytes).unwrap();
    assert!(Table::open(&path).is_err());
    let rules = Rules::load(&config, Some(folder.path())).unwrap();
    assert_eq!(kind(&rules, "a.test"), VerdictKind::Block);
    assert!(Table::open(&path).is_ok());
}

#[test]
fn one_missing_list_does_not_spoil_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(folder.path(), &[("gone", ""), ("own", "a.test\n")]);
    fs::remove_file(folder.path().join("gone")).unwrap();
    let rules = Rules::load(&config, None).unwrap();
    assert_eq!(kind(&rules, "a.test"), VerdictKind::Block);
    assert!(rules.lists[7].error.as_ref().unwrap().contains("gone"));
    assert_eq!(kind(&rules, "ads.doubleclick.net"), VerdictKind::Block);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_said() {
    let rules = Rules::load(&Config::default(), Some(Path::new("/proc/no/such"))).unwrap();
    assert!(rules.not_kept.is_some());
    assert_eq!(kind(&rules, "doubleclick.net"), VerdictKind::Block);
}
