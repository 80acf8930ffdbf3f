//! Inclusion and consistency proofs against the recursive definitions of RFC 6962, for every small tree and
//! for arbitrary and altered proofs.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use ledger::{Hash, Log, NoteSigner, leaf_hash, verify_consistency, verify_inclusion};
use proptest::prelude::*;

fn node(left: Hash, right: Hash) -> Hash {
    let input = [&[1][..], &left.0, &right.0].concat();
    Hash(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &input).as_ref().try_into().unwrap())
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

/// The largest power of two smaller than `count`.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// MTH of RFC 6962, section 2.1.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(root(left), root(right))
        }
    }
}

/// PATH of RFC 6962, section 2.1.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return vec![];
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    match index < middle {
        true => [path(index, left), vec![root(right)]].concat(),
        false => [path(index - middle, right), vec![root(left)]].concat(),
    }
}

/// SUBPROOF of RFC 6962, section 2.1.2.
fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if whole { vec![] } else { vec![root(leaves)] };
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    match old <= middle {
        true => [subproof(old, left, whole), vec![root(right)]].concat(),
        false => [subproof(old - middle, right, false), vec![root(left)]].concat(),
    }
}

fn log_of(size: u64) -> (tempfile::TempDir, Log) {
    let dir = tempfile::tempdir().unwrap();
    let mut log = Log::create(dir.path(), NoteSigner::from_seed("log", [1; 32]).unwrap()).unwrap();
    log.append(&(0..size).map(|number| number.to_be_bytes().to_vec()).collect::<Vec<_>>()).unwrap();
    (dir, log)
}

#[test]
fn every_proof_of_every_small_tree_is_the_one_that_the_definition_gives() {
    let (_dir, log) = log_of(40);
    for size in 1..=40 {
        let tree = leaves(size);
        for index in 0..size {
            let proof = log.prove_inclusion(index, size).unwrap();
            assert_eq!(proof, path(index as usize, &tree));
            verify_inclusion(index, size, &tree[index as usize], &proof, &root(&tree)).unwrap();
        }
        for old in 1..=size {
            let proof = log.prove_consistency(old, size).unwrap();
            assert_eq!(proof, subproof(old as usize, &tree, true));
            let old_root = root(&tree[..old as usize]);
            verify_consistency((old, &old_root), (size, &root(&tree)), &proof).unwrap();
        }
    }
}

#[test]
fn proofs_across_tile_borders_are_those_that_the_definition_gives() {
    let (_dir, log) = log_of(1100);
    let tree = leaves(1100);
    for size in [255, 256, 257, 511, 512, 513, 769, 1024, 1100] {
        for index in (0..size).step_by(37).chain([size - 1]) {
            let part = &tree[..size as usize];
            assert_eq!(log.prove_inclusion(index, size).unwrap(), path(index as usize, part));
            let old = index + 1;
            assert_eq!(log.prove_consistency(old, size).unwrap(), subproof(old as usize, part, true));
        }
    }
}

#[test]
fn what_lies_outside_the_log_cannot_be_proven() {
    let (_dir, log) = log_of(5);
    for (index, size) in [(5, 5), (0, 6), (0, 0), (u64::MAX, u64::MAX)] {
        assert!(log.prove_inclusion(index, size).is_err());
    }
    for (old, size) in [(0, 5), (6, 6), (3, 2), (1, u64::MAX)] {
        assert!(log.prove_consistency(old, size).is_err());
    }
}

#[test]
fn an_empty_tree_is_consistent_with_every_tree_but_only_with_its_own_root() {
    let other = leaf_hash(b"");
    verify_consistency((0, &Hash::empty_root()), (9, &other), &[]).unwrap();
    assert!(verify_consistency((0, &other), (9, &other), &[]).is_err());
    assert!(verify_consistency((0, &Hash::empty_root()), (9, &other), &[other]).is_err());
}

fn hashes() -> impl Strategy<Value = Vec<Hash>> {
    prop::collection::vec(any::<[u8; 32]>().prop_map(Hash), 0..70)
}

/// One change to a proof, chosen by `kind` and `at`; `None` where it would change nothing.
fn altered(proof: &[Hash], kind: u8, at: usize) -> Option<Vec<Hash>> {
    let mut altered = proof.to_vec();
    let at = at % proof.len().max(1);
    match kind % 4 {
        0 => altered.get_mut(at)?.0[at % 32] ^= 1,
        1 => drop(altered.pop()?),
        2 => altered.insert(at, leaf_hash(b"more")),
        _ => {
            altered.swap(0, at.max(1).min(proof.len().checked_sub(1)?));
            return (altered != proof).then_some(altered);
        }
    }
    Some(altered)
}

proptest! {
    #[test]
    fn true_proofs_hold_and_altered_ones_do_not(size in 1u64..300, index: u64, kind: u8, at: usize) {
        let (index, tree) = (index % size, leaves(size));
        let (leaf, whole) = (tree[index as usize], root(&tree));
        let proof = path(index as usize, &tree);
        verify_inclusion(index, size, &leaf, &proof, &whole).unwrap();
        prop_assert!(verify_inclusion(index, size, &leaf_hash(b"other"), &proof, &whole).is_err());
        for other in (0..size).filter(|other| *other != index) {
            prop_assert!(verify_inclusion(other, size, &leaf, &proof, &whole).is_err());
        }
        if let Some(proof) = altered(&proof, kind, at) {
            prop_assert!(verify_inclusion(index, size, &leaf, &proof, &whole).is_err());
        }
    }

    #[test]
    fn true_extensions_hold_and_altered_ones_do_not(size in 2u64..300, old: u64, kind: u8, at: usize) {
        let (old, tree) = (1 + old % (size - 1), leaves(size));
        let (before, after) = (root(&tree[..old as usize]), root(&tree));
        let proof = subproof(old as usize, &tree, true);
        verify_consistency((old, &before), (size, &after), &proof).unwrap();
        let forged = leaf_hash(b"other");
        prop_assert!(verify_consistency((old, &forged), (size, &after), &proof).is_err());
        prop_assert!(verify_consistency((old, &before), (size, &forged), &proof).is_err());
        if let Some(proof) = altered(&proof, kind, at) {
            prop_assert!(verify_consistency((old, &before), (size, &after), &proof).is_err());
        }
    }

    #[test]
    fn arbitrary_proofs_are_refused_without_panic(index: u64, size: u64, proof in hashes(), root: [u8; 32]) {
        let (leaf, root) = (leaf_hash(b""), Hash(root));
        prop_assert!(verify_inclusion(index, size, &leaf, &proof, &root).is_err());
        if index != 0 {
            prop_assert!(verify_consistency((index, &leaf), (size, &root), &proof).is_err());
        }
    }
}
