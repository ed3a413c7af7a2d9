(** * One context: the transition system

    A context is a reference and an accumulator; its state is their XOR. This
    file defines the operations and their answers as the architecture's algebra
    section does, and proves the law of the state: it is the reference XOR the
    fold of the deltas since the last operation that set the reference. *)

From Coq Require Import Bool List Permutation.
From Deltascope Require Import Word XorFold.
Import ListNotations.

Record context (n : nat) := Context { reference : word n; accumulator : word n }.
Arguments Context {n} _ _.
Arguments reference {n} _.
Arguments accumulator {n} _.

Definition state {n : nat} (c : context n) : word n := reference c (+) accumulator c.

(** After reset every context is this one. *)
Definition cleared {n : nat} : context n := Context zero zero.

(** The operations on a context. [REBASE] is a SWAP record with its REBASE bit
    set: its operand is not used. [SEND] is a SWAP that also counts. *)
Inductive op (n : nat) :=
  | LOAD (v : word n)
  | ACCUM (d : word n)
  | READ
  | SWAP (v : word n)
  | REBASE
  | SEND (v : word n).
Arguments LOAD {n} _.
Arguments ACCUM {n} _.
Arguments READ {n}.
Arguments SWAP {n} _.
Arguments REBASE {n}.
Arguments SEND {n} _.

Definition step {n : nat} (c : context n) (o : op n) : context n :=
  match o with
  | LOAD v => Context v zero
  | ACCUM d => Context (reference c) (accumulator c (+) d)
  | READ => c
  | SWAP v => Context v zero
  | REBASE => Context (reference c (+) accumulator c) zero
  | SEND v => Context v zero
  end.

(** What the engine answers. It computes the three for every operation; the
    reply bit of the record decides whether [value] and [zero_flag] are sent
    (READ always sends them), and [redundant_flag] goes to the counters. *)
Record answer (n : nat) := Answer {
  value : word n;            (* the state before the operation *)
  zero_flag : bool;          (* the accumulator before the operation is zero *)
  redundant_flag : bool      (* a SEND whose value equals its operand *)
}.
Arguments Answer {n} _ _ _.
Arguments value {n} _.
Arguments zero_flag {n} _.
Arguments redundant_flag {n} _.

Definition answer_of {n : nat} (c : context n) (o : op n) : answer n :=
  Answer (state c) (eqb (accumulator c) zero)
    (match o with SEND v => eqb (state c) v | _ => false end).

Fixpoint run {n : nat} (c : context n) (ops : list (op n)) : context n :=
  match ops with
  | [] => c
  | o :: rest => run (step c o) rest
  end.

(** The answers of a run, in order. *)
Fixpoint answers {n : nat} (c : context n) (ops : list (op n)) : list (answer n) :=
  match ops with
  | [] => []
  | o :: rest => answer_of c o :: answers (step c o) rest
  end.

(** The operations that set the reference and clear the accumulator. *)
Definition sets_reference {n : nat} (o : op n) : bool :=
  match o with
  | LOAD _ | SWAP _ | REBASE | SEND _ => true
  | ACCUM _ | READ => false
  end.

(** The operands of the ACCUMs of a list, in order. *)
Definition deltas {n : nat} (ops : list (op n)) : list (word n) :=
  flat_map (fun o => match o with ACCUM d => [d] | _ => [] end) ops.

(** Nothing in [ops] sets the reference. *)
Definition only_accumulates {n : nat} (ops : list (op n)) : Prop :=
  forall o, In o ops -> sets_reference o = false.

Lemma run_app {n : nat} (l1 l2 : list (op n)) :
  forall c, run c (l1 ++ l2) = run (run c l1) l2.
Proof. induction l1 as [|o l1 IH]; intro c; cbn; [reflexivity | apply IH]. Qed.

Lemma answers_app {n : nat} (l1 l2 : list (op n)) :
  forall c, answers c (l1 ++ l2) = answers c l1 ++ answers (run c l1) l2.
Proof. induction l1 as [|o l1 IH]; intro c; cbn; [reflexivity|]. now rewrite IH. Qed.

(** ** The law of the state *)

(** Without a LOAD, SWAP or SEND the reference stays, and the accumulator takes
    the fold of the deltas. *)
Theorem run_without_setting {n : nat} (ops : list (op n)) :
  only_accumulates ops ->
  forall c, run c ops
    = Context (reference c) (accumulator c (+) xor_fold (deltas ops)).
Proof.
  induction ops as [|o ops IH]; intros none c; cbn.
  - rewrite xor_zero. now destruct c.
  - rewrite IH by (intros p inside; apply none; now right).
    assert (here := none o (or_introl eq_refl)).
    destruct o; cbn in *; try discriminate; [|reflexivity].
    f_equal. symmetry. apply xor_assoc.
Qed.

(** The law, whole: after any operations, then one that sets the reference,
    then any that do not, the reference is the one set, the accumulator is the
    fold of the deltas since, and the state is their XOR. *)
Theorem state_is_reference_xor_fold {n : nat}
  (c : context n) (before : list (op n)) (o : op n) (since : list (op n)) :
  sets_reference o = true ->
  only_accumulates since ->
  let set := reference (run c (before ++ [o])) in
  let now := run c (before ++ o :: since) in
  reference now = set
  /\ accumulator now = xor_fold (deltas since)
  /\ state now = set (+) xor_fold (deltas since).
Proof.
  intros setting none. cbn zeta. unfold state.
  rewrite !run_app. cbn.
  rewrite (run_without_setting since none). cbn.
  assert (clear : accumulator (step (run c before) o) = zero)
    by (destruct o; cbn in *; easy).
  rewrite clear, zero_xor. auto.
Qed.

(** The same with the reference written out, one theorem for each operation that
    sets it. *)
Theorem state_since_load {n : nat}
  (c : context n) (before : list (op n)) (v : word n) (since : list (op n)) :
  only_accumulates since ->
  state (run c (before ++ LOAD v :: since)) = v (+) xor_fold (deltas since).
Proof.
  intro none.
  destruct (state_is_reference_xor_fold c before (LOAD v) since eq_refl none)
    as (_ & _ & ->).
  now rewrite run_app.
Qed.

Theorem state_since_swap {n : nat}
  (c : context n) (before : list (op n)) (v : word n) (since : list (op n)) :
  only_accumulates since ->
  state (run c (before ++ SWAP v :: since)) = v (+) xor_fold (deltas since).
Proof.
  intro none.
  destruct (state_is_reference_xor_fold c before (SWAP v) since eq_refl none)
    as (_ & _ & ->).
  now rewrite run_app.
Qed.

Theorem state_since_send {n : nat}
  (c : context n) (before : list (op n)) (v : word n) (since : list (op n)) :
  only_accumulates since ->
  state (run c (before ++ SEND v :: since)) = v (+) xor_fold (deltas since).
Proof.
  intro none.
  destruct (state_is_reference_xor_fold c before (SEND v) since eq_refl none)
    as (_ & _ & ->).
  now rewrite run_app.
Qed.

(** A REBASE takes the state that it finds as the reference. *)
Theorem state_since_rebase {n : nat}
  (c : context n) (before : list (op n)) (since : list (op n)) :
  only_accumulates since ->
  state (run c (before ++ REBASE :: since))
  = state (run c before) (+) xor_fold (deltas since).
Proof.
  intro none.
  destruct (state_is_reference_xor_fold c before REBASE since eq_refl none)
    as (_ & _ & ->).
  now rewrite run_app.
Qed.

(** Before the first of them the law holds with the reference and accumulator
    of the start; after reset both are zero. *)
Theorem state_since_start {n : nat} (c : context n) (ops : list (op n)) :
  only_accumulates ops ->
  state (run c ops) = state c (+) xor_fold (deltas ops).
Proof.
  intro none. rewrite (run_without_setting ops none).
  unfold state. cbn. apply xor_assoc.
Qed.

(** The law has no gap: every list of operations either sets no reference, or
    splits at the last operation that does. *)
Theorem every_run_has_a_last_setting {n : nat} (ops : list (op n)) :
  only_accumulates ops
  \/ exists before o since,
       ops = before ++ o :: since
       /\ sets_reference o = true /\ only_accumulates since.
Proof.
  induction ops as [|o ops [none|(before & p & since & -> & setting & none)]].
  - left. intros o [].
  - destruct (sets_reference o) eqn:setting.
    + right. now exists [], o, ops.
    + left. intros p [<-|inside]; auto.
  - right. now exists (o :: before), p, since.
Qed.

(** ** What follows for deltas *)

(** The order of ACCUMs does not matter, for the whole context. *)
Theorem order_of_deltas_is_irrelevant {n : nat} (c : context n) (l1 l2 : list (word n)) :
  Permutation l1 l2 -> run c (map ACCUM l1) = run c (map ACCUM l2).
Proof.
  intro p.
  assert (only : forall l : list (word n), only_accumulates (map ACCUM l)).
  { intros l o inside. apply in_map_iff in inside as (d & <- & _). reflexivity. }
  assert (same : forall l : list (word n), deltas (map ACCUM l) = l).
  { induction l as [|d l IH]; cbn; [reflexivity|]. f_equal. exact IH. }
  rewrite !run_without_setting, !same by apply only.
  now rewrite (xor_fold_permutation l1 l2 p).
Qed.

(** One ACCUM of a fold is the same as the ACCUMs one by one: deltas may be
    folded in lanes, or on the host, before they reach the context. *)
Theorem folded_deltas_accumulate_alike {n : nat} (c : context n) (l : list (word n)) :
  run c (map ACCUM l) = step c (ACCUM (xor_fold l)).
Proof.
  revert c. induction l as [|d l IH]; intro c; cbn.
  - rewrite xor_zero. now destruct c.
  - rewrite IH. cbn. f_equal. symmetry. apply xor_assoc.
Qed.

(** Applying a delta twice undoes it: reference and accumulator are as before,
    whatever deltas and READs lie between. *)
Theorem delta_twice_undoes {n : nat} (c : context n) (d : word n) (between : list (op n)) :
  only_accumulates between ->
  run c (ACCUM d :: between ++ [ACCUM d]) = run c between.
Proof.
  intro none. cbn.
  rewrite run_app. cbn. rewrite !(run_without_setting between none). cbn.
  f_equal. by_bits.
Qed.
