(** * What the flags say, and what they do not

    A SEND is redundant when the state that it returns equals its operand. The
    zero flag says that the deltas cancelled; it does not say that nothing
    happened, and a counter-example proves it for every width. *)

From Coq Require Import Bool List.
From Deltascope Require Import Word XorFold Context.
Import ListNotations.

(** ** SEND *)

Theorem send_redundant_iff_returns_operand {n : nat} (c : context n) (v : word n) :
  redundant_flag (answer_of c (SEND v)) = true
  <-> value (answer_of c (SEND v)) = v.
Proof. apply eqb_iff. Qed.

(** Seen from the state: redundant exactly when the SEND leaves the state as it
    was, that is when its state delta is zero. *)
Theorem send_redundant_iff_state_unchanged {n : nat} (c : context n) (v : word n) :
  redundant_flag (answer_of c (SEND v)) = true
  <-> state (step c (SEND v)) = state c.
Proof.
  rewrite send_redundant_iff_returns_operand. unfold state. cbn.
  rewrite xor_zero. split; auto.
Qed.

Theorem send_redundant_iff_delta_zero {n : nat} (c : context n) (v : word n) :
  redundant_flag (answer_of c (SEND v)) = true
  <-> state c (+) state (step c (SEND v)) = zero.
Proof.
  rewrite send_redundant_iff_state_unchanged, delta_zero_iff_equal.
  split; auto.
Qed.

(** Two SENDs with deltas and READs between: the second is redundant exactly
    when the deltas make up the difference of the two operands. *)
Theorem second_send_redundant_iff {n : nat}
  (c : context n) (before : list (op n)) (v : word n) (since : list (op n)) (w : word n) :
  only_accumulates since ->
  redundant_flag (answer_of (run c (before ++ SEND v :: since)) (SEND w)) = true
  <-> xor_fold (deltas since) = v (+) w.
Proof.
  intro none. rewrite send_redundant_iff_returns_operand. cbn.
  rewrite state_since_send by exact none. split.
  - intros <-. symmetry. apply xor_cancel_left.
  - intros ->. apply xor_cancel_left.
Qed.

(** With nothing between, it is redundant exactly when it repeats the operand:
    the same payload was sent on the same socket twice in a row. *)
Theorem repeated_send_redundant_iff {n : nat}
  (c : context n) (before : list (op n)) (v w : word n) :
  redundant_flag (answer_of (run c (before ++ [SEND v])) (SEND w)) = true <-> v = w.
Proof.
  rewrite (second_send_redundant_iff c before v [] w) by (intros o []). cbn.
  rewrite <- (delta_zero_iff_equal v w). split; auto.
Qed.

(** No other operation is ever redundant. *)
Theorem only_send_is_redundant {n : nat} (c : context n) (o : op n) :
  redundant_flag (answer_of c o) = true -> exists v, o = SEND v.
Proof. destruct o; cbn; try discriminate. now exists v. Qed.

(** ** The other answers *)

(** Every operation returns the state that it found. *)
Theorem every_operation_returns_the_old_state {n : nat} (c : context n) (o : op n) :
  value (answer_of c o) = state c.
Proof. reflexivity. Qed.

Theorem read_changes_nothing {n : nat} (c : context n) : step c READ = c.
Proof. reflexivity. Qed.

(** A REBASE keeps the state and clears the accumulator. *)
Theorem rebase_keeps_the_state {n : nat} (c : context n) :
  state (step c REBASE) = state c /\ accumulator (step c REBASE) = zero.
Proof. unfold state. cbn. now rewrite xor_zero. Qed.

(** The zero flag says exactly that the deltas since the reference was set
    cancelled, which is that the state is the reference again. *)
Theorem zero_flag_iff_deltas_cancelled {n : nat}
  (c : context n) (before : list (op n)) (o : op n) (since : list (op n)) (asked : op n) :
  sets_reference o = true ->
  only_accumulates since ->
  let now := run c (before ++ o :: since) in
  (zero_flag (answer_of now asked) = true <-> xor_fold (deltas since) = zero)
  /\ (zero_flag (answer_of now asked) = true <-> state now = reference now).
Proof.
  intros setting none. cbn zeta.
  destruct (state_is_reference_xor_fold c before o since setting none)
    as (same_reference & same_accumulator & same_state).
  cbn. rewrite eqb_iff, same_accumulator, same_state, same_reference.
  split; [reflexivity|]. split.
  - intros ->. apply xor_zero.
  - intro unmoved.
    rewrite <- (xor_cancel_left (reference (run c (before ++ [o]))) (xor_fold (deltas since))).
    rewrite unmoved. apply xor_self.
Qed.

(** ** The counter-examples *)

(** From width 1 on, for any reference, there is a delta that moves the state
    away; applied twice, the zero flag is true although the state has moved. *)
Theorem zero_flag_after_something_happened (n : nat) (c : context (S n)) (v : word (S n)) :
  exists d,
    state (run c [LOAD v; ACCUM d]) <> state (run c [LOAD v])
    /\ zero_flag (answer_of (run c [LOAD v; ACCUM d; ACCUM d]) READ) = true.
Proof.
  exists ones. unfold state. cbn. rewrite !zero_xor. split.
  - rewrite xor_zero. apply xor_nonzero_moves, nonzero_word_exists.
  - apply eqb_iff, xor_self.
Qed.

(** So the inference "accumulator zero, hence no delta came" is refuted: not
    for one run, but as a rule. *)
Theorem zero_accumulator_does_not_imply_no_deltas (n : nat) :
  ~ (forall ops : list (op (S n)),
       only_accumulates ops ->
       accumulator (run cleared ops) = zero ->
       forall d, In d (deltas ops) -> d = zero).
Proof.
  intro rule. pose (d := @ones (S n)).
  apply (nonzero_word_exists n). fold d.
  apply (rule [ACCUM d; ACCUM d]).
  - intros o [<-|[<-|[]]]; reflexivity.
  - cbn. apply xor_cancel.
  - now left.
Qed.

(** The same for a redundant SEND: the state may have moved and come back
    between the two SENDs that are compared. *)
Theorem redundant_send_after_something_happened (n : nat) (c : context (S n)) (v : word (S n)) :
  exists d,
    state (run c [SEND v; ACCUM d]) <> v
    /\ redundant_flag (answer_of (run c [SEND v; ACCUM d; ACCUM d]) (SEND v)) = true.
Proof.
  exists ones. unfold state. cbn. rewrite !zero_xor. split.
  - apply xor_nonzero_moves, nonzero_word_exists.
  - apply eqb_iff. rewrite xor_self. apply xor_zero.
Qed.
