(** * Many contexts, interleaved

    The engine's table holds a context for every number below its size, and
    records for all of them arrive mixed. Each context sees its own operations
    only: its state and its answers are those of a run of its own. So the laws
    of [Context.v] hold for every context under any interleaving. *)

From Coq Require Import Bool List Arith.
From Deltascope Require Import Word XorFold Context.
Import ListNotations.

Definition table (n : nat) := nat -> context n.

(** After reset. *)
Definition cleared_table {n : nat} : table n := fun _ => cleared.

(** A record touches a context, or none: NOP, PAIR, SNAPSHOT, SYNC and QUERY
    pass by the table. *)
Inductive record (n : nat) :=
  | Touch (k : nat) (o : op n)
  | Pass.
Arguments Touch {n} _ _.
Arguments Pass {n}.

(** What a record does in a table of [size] contexts. One that names a context
    beyond the table is rejected: no effect and no answer. *)
Definition effect {n : nat} (size : nat) (r : record n) : option (nat * op n) :=
  match r with
  | Touch k o => if k <? size then Some (k, o) else None
  | Pass => None
  end.

Lemma effect_inside {n : nat} (size k : nat) (o : op n) :
  k < size -> effect size (Touch k o) = Some (k, o).
Proof. intro inside. unfold effect. now rewrite (proj2 (Nat.ltb_lt k size) inside). Qed.

Lemma effect_beyond {n : nat} (size k : nat) (o : op n) :
  size <= k -> effect size (Touch k o) = None.
Proof. intro beyond. unfold effect. now rewrite (proj2 (Nat.ltb_ge k size) beyond). Qed.

Definition put {n : nat} (t : table n) (k : nat) (c : context n) : table n :=
  fun i => if i =? k then c else t i.

Definition step_table {n : nat} (size : nat) (t : table n) (r : record n) : table n :=
  match effect size r with
  | Some (k, o) => put t k (step (t k) o)
  | None => t
  end.

Fixpoint run_table {n : nat} (size : nat) (t : table n) (rs : list (record n)) : table n :=
  match rs with
  | [] => t
  | r :: rest => run_table size (step_table size t r) rest
  end.

(** The answers of a run in order, each with the context that it is about. *)
Fixpoint table_answers {n : nat} (size : nat) (t : table n) (rs : list (record n))
  : list (nat * answer n) :=
  match rs with
  | [] => []
  | r :: rest =>
      match effect size r with
      | Some (k, o) => [(k, answer_of (t k) o)]
      | None => []
      end ++ table_answers size (step_table size t r) rest
  end.

(** The operations of [rs] on context [k], in order. *)
Fixpoint ops_of {n : nat} (size k : nat) (rs : list (record n)) : list (op n) :=
  match rs with
  | [] => []
  | r :: rest =>
      match effect size r with
      | Some (i, o) => if i =? k then [o] else []
      | None => []
      end ++ ops_of size k rest
  end.

Lemma run_table_app {n : nat} (size : nat) (l1 l2 : list (record n)) :
  forall t, run_table size t (l1 ++ l2) = run_table size (run_table size t l1) l2.
Proof. induction l1 as [|r l1 IH]; intro t; cbn; [reflexivity | apply IH]. Qed.

Lemma ops_of_app {n : nat} (size k : nat) (l1 l2 : list (record n)) :
  ops_of size k (l1 ++ l2) = ops_of size k l1 ++ ops_of size k l2.
Proof. induction l1 as [|r l1 IH]; cbn; [reflexivity|]. now rewrite IH, app_assoc. Qed.

(** One record changes the context that it touches and no other. *)
Lemma step_table_at {n : nat} (size : nat) (t : table n) (r : record n) (k : nat) :
  step_table size t r k = run (t k) (ops_of size k [r]).
Proof.
  unfold step_table. cbn. destruct (effect size r) as [[i o]|]; [|reflexivity].
  unfold put. rewrite (Nat.eqb_sym k i).
  destruct (Nat.eqb_spec i k) as [->|_]; reflexivity.
Qed.

(** Interleaving does not matter to the state: a context ends as if its own
    operations had come alone. *)
Theorem context_sees_only_its_own_operations {n : nat}
  (size : nat) (rs : list (record n)) (k : nat) :
  forall t, run_table size t rs k = run (t k) (ops_of size k rs).
Proof.
  induction rs as [|r rs IH]; intro t; [reflexivity|].
  change (r :: rs) with ([r] ++ rs).
  rewrite run_table_app, ops_of_app, run_app, IH. f_equal. apply step_table_at.
Qed.

(** Nor does it matter to the answers: those about a context, in order, are the
    answers of its own run. *)
Theorem answers_are_those_of_the_own_run {n : nat}
  (size : nat) (rs : list (record n)) (k : nat) :
  forall t,
    map snd (filter (fun a => fst a =? k) (table_answers size t rs))
    = answers (t k) (ops_of size k rs).
Proof.
  induction rs as [|r rs IH]; intro t; cbn; [reflexivity|].
  rewrite filter_app, map_app, IH, step_table_at, answers_app. cbn.
  rewrite app_nil_r.
  destruct (effect size r) as [[i o]|]; cbn; [|reflexivity].
  destruct (Nat.eqb_spec i k) as [->|_]; reflexivity.
Qed.

(** Two record lists with the same operations for each context leave the same
    table: records of different contexts may be exchanged. *)
Theorem interleaving_is_irrelevant {n : nat}
  (size : nat) (t : table n) (rs1 rs2 : list (record n)) :
  (forall k, ops_of size k rs1 = ops_of size k rs2) ->
  forall k, run_table size t rs1 k = run_table size t rs2 k.
Proof.
  intros same k. rewrite !context_sees_only_its_own_operations.
  now rewrite same.
Qed.

(** A record beyond the table changes nothing and answers nothing. *)
Theorem rejected_record_has_no_effect {n : nat}
  (size : nat) (t : table n) (k : nat) (o : op n) :
  size <= k ->
  step_table size t (Touch k o) = t /\ table_answers size t [Touch k o] = [].
Proof.
  intro beyond. unfold step_table, table_answers.
  now rewrite effect_beyond by exact beyond.
Qed.

(** The law of the state for a context of the table: split its own operations
    at the last one that sets the reference. *)
Theorem table_state_is_reference_xor_fold {n : nat}
  (size : nat) (t : table n) (rs : list (record n)) (k : nat)
  (before : list (op n)) (o : op n) (since : list (op n)) :
  ops_of size k rs = before ++ o :: since ->
  sets_reference o = true ->
  only_accumulates since ->
  state (run_table size t rs k)
  = reference (run (t k) (before ++ [o])) (+) xor_fold (deltas since).
Proof.
  intros split setting none.
  rewrite context_sees_only_its_own_operations, split.
  now apply state_is_reference_xor_fold.
Qed.
