(** * The journal: telescoping, and travel in time

    Every LOAD, ACCUM, SWAP and SEND that the engine accepts is one entry of the
    journal: the context, and its state before XOR its state after. The entries
    of one context telescope, so that the state at an earlier position is the
    state now XOR the entries in between. Here the journal is unbounded; the
    ring of lanes that keeps its recent end is in [JournalRing.v]. *)

From Coq Require Import Bool List Arith Lia.
From Deltascope Require Import Word XorFold Context Table.
Import ListNotations.

Definition entry (n : nat) := (nat * word n)%type.

(** The operations that take a journal position: all but READ. *)
Definition writes {n : nat} (o : op n) : bool :=
  match o with READ => false | _ => true end.

(** The entry of one record against the table that it meets: one, or none. *)
Definition entry_of {n : nat} (size : nat) (t : table n) (r : record n) : list (entry n) :=
  match effect size r with
  | Some (k, o) =>
      if writes o then [(k, state (t k) (+) state (step (t k) o))] else []
  | None => []
  end.

(** All entries of a run, oldest first. Its length is the journal position. *)
Fixpoint journal {n : nat} (size : nat) (t : table n) (rs : list (record n))
  : list (entry n) :=
  match rs with
  | [] => []
  | r :: rest => entry_of size t r ++ journal size (step_table size t r) rest
  end.

(** The XOR of the deltas of context [k] in a list of entries. *)
Definition deltas_at {n : nat} (k : nat) (l : list (entry n)) : word n :=
  xor_fold (map snd (filter (fun e => fst e =? k) l)).

(** What QUERY answers: the entries in (mark, J], where J is the length of [j]
    and positions count from 1. *)
Definition query {n : nat} (k mark : nat) (j : list (entry n)) : word n :=
  deltas_at k (skipn mark j).

Lemma journal_app {n : nat} (size : nat) (l1 l2 : list (record n)) :
  forall t, journal size t (l1 ++ l2)
    = journal size t l1 ++ journal size (run_table size t l1) l2.
Proof.
  induction l1 as [|r l1 IH]; intro t; cbn; [reflexivity|].
  now rewrite IH, app_assoc.
Qed.

Lemma deltas_at_app {n : nat} (k : nat) (l1 l2 : list (entry n)) :
  deltas_at k (l1 ++ l2) = deltas_at k l1 (+) deltas_at k l2.
Proof. unfold deltas_at. now rewrite filter_app, map_app, xor_fold_app. Qed.

(** One record: the entry, if any, is the change of the state of [k]. *)
Lemma entry_is_state_change {n : nat} (size : nat) (t : table n) (r : record n) (k : nat) :
  deltas_at k (entry_of size t r) = state (t k) (+) state (step_table size t r k).
Proof.
  unfold entry_of, step_table, put, deltas_at.
  destruct (effect size r) as [[i o]|]; cbn; [|symmetry; apply xor_self].
  rewrite (Nat.eqb_sym k i).
  destruct (Nat.eqb_spec i k) as [->|other].
  - destruct o; cbn; rewrite ?Nat.eqb_refl; cbn;
      rewrite ?xor_zero; try reflexivity. symmetry. apply xor_self.
  - rewrite xor_self. destruct (writes o); cbn; [|reflexivity].
    now rewrite (proj2 (Nat.eqb_neq i k) other).
Qed.

(** The entries of a context telescope: their XOR is its first state XOR its
    last, whatever other contexts did meanwhile. *)
Theorem state_deltas_telescope {n : nat} (size : nat) (rs : list (record n)) (k : nat) :
  forall t, deltas_at k (journal size t rs)
    = state (t k) (+) state (run_table size t rs k).
Proof.
  induction rs as [|r rs IH]; intro t; cbn [journal run_table].
  - symmetry. apply xor_self.
  - rewrite deltas_at_app, entry_is_state_change, IH. by_bits.
Qed.

(** ** Travel in time *)

(** The state at an earlier moment is the state now XOR the QUERY from the
    journal position of that moment, for every context. *)
Theorem time_travel {n : nat} (size : nat) (t : table n)
  (past recent : list (record n)) (k : nat) :
  let mark := length (journal size t past) in
  let now := past ++ recent in
  state (run_table size t past k)
  = state (run_table size t now k) (+) query k mark (journal size t now).
Proof.
  cbn zeta. unfold query. rewrite journal_app, skipn_app, skipn_all, Nat.sub_diag.
  cbn [app skipn]. rewrite state_deltas_telescope, run_table_app. by_bits.
Qed.

(** A record takes at most one position. *)
Lemma entry_of_length {n : nat} (size : nat) (t : table n) (r : record n) :
  length (entry_of size t r) <= 1.
Proof.
  unfold entry_of. destruct (effect size r) as [[k o]|]; cbn; [|lia].
  destruct (writes o); cbn; lia.
Qed.

(** Every position up to the present one is the position of some moment, so a
    QUERY from any mark is the QUERY from a moment. *)
Theorem every_mark_is_a_moment {n : nat} (size : nat) (rs : list (record n)) :
  forall t mark, mark <= length (journal size t rs) ->
  exists past recent,
    rs = past ++ recent /\ length (journal size t past) = mark.
Proof.
  induction rs as [|r rs IH]; intros t mark reached; cbn in reached.
  - exists [], []. split; [reflexivity|]. cbn. lia.
  - rewrite app_length in reached. assert (one := entry_of_length size t r).
    destruct mark as [|mark].
    + now exists [], (r :: rs).
    + destruct (IH (step_table size t r) (S mark - length (entry_of size t r)))
        as (past & recent & -> & here); [lia|].
      exists (r :: past), recent. split; [reflexivity|].
      cbn. rewrite app_length, here. lia.
Qed.

(** Records that take no position change no state: all moments with the same
    position have the same states, and a mark names one state for each context. *)
Theorem a_mark_names_one_state {n : nat} (size : nat) (t : table n)
  (past between : list (record n)) (k : nat) :
  length (journal size t past) = length (journal size t (past ++ between)) ->
  state (run_table size t past k) = state (run_table size t (past ++ between) k).
Proof.
  intro same.
  rewrite (time_travel size t past between k), same.
  unfold query. rewrite skipn_all. apply xor_zero.
Qed.

(** Any two moments: the later state XOR the entries between them is the earlier
    one, and the same entries applied again lead back. *)
Theorem entries_applied_twice_undo {n : nat} (size : nat) (t : table n)
  (past recent : list (record n)) (k : nat) :
  let between := deltas_at k (journal size (run_table size t past) recent) in
  let then_ := state (run_table size t past k) in
  let now := state (run_table size t (past ++ recent) k) in
  now (+) between = then_ /\ then_ (+) between = now.
Proof.
  cbn zeta. rewrite state_deltas_telescope, run_table_app. split; by_bits.
Qed.

(** ** What an entry is, operation by operation *)

(** ACCUM: the operand. REBASE: zero, it takes a position and changes no state.
    LOAD, SWAP and SEND: the state before XOR the operand. *)
Theorem entry_of_each_operation {n : nat} (size : nat) (t : table n) (k : nat) (v : word n) :
  k < size ->
  entry_of size t (Touch k (ACCUM v)) = [(k, v)]
  /\ entry_of size t (Touch k REBASE) = [(k, zero)]
  /\ entry_of size t (Touch k (LOAD v)) = [(k, state (t k) (+) v)]
  /\ entry_of size t (Touch k (SWAP v)) = [(k, state (t k) (+) v)]
  /\ entry_of size t (Touch k (SEND v)) = [(k, state (t k) (+) v)]
  /\ entry_of size t (Touch k READ) = [].
Proof.
  intro inside. unfold entry_of.
  rewrite !effect_inside by exact inside. unfold state. cbn.
  repeat split; repeat f_equal; by_bits.
Qed.

(** A SEND is redundant exactly when its journal entry is zero. *)
Theorem send_redundant_iff_entry_zero {n : nat}
  (size : nat) (t : table n) (k : nat) (v : word n) :
  k < size ->
  redundant_flag (answer_of (t k) (SEND v)) = true
  <-> entry_of size t (Touch k (SEND v)) = [(k, zero)].
Proof.
  intro inside.
  destruct (entry_of_each_operation size t k v inside) as (_ & _ & _ & _ & -> & _).
  cbn. rewrite eqb_iff, <- delta_zero_iff_equal. split.
  - now intros ->.
  - intro same. now injection same.
Qed.
