(** * The XOR fold of a list of words

    [xor_fold] is what an accumulator holds after the deltas of a list. Order
    does not matter, pairs cancel, and each bit of the fold is the parity of
    that bit over the list. *)

From Coq Require Import Bool List Permutation Arith.
From Deltascope Require Import Word.
Import ListNotations.

Fixpoint xor_fold {n : nat} (l : list (word n)) : word n :=
  match l with
  | [] => zero
  | d :: rest => d (+) xor_fold rest
  end.

(** An accumulator that takes the words one after the other, from value [a]. *)
Fixpoint accumulate {n : nat} (a : word n) (l : list (word n)) : word n :=
  match l with
  | [] => a
  | d :: rest => accumulate (a (+) d) rest
  end.

Theorem accumulate_is_fold {n : nat} (l : list (word n)) :
  forall a, accumulate a l = a (+) xor_fold l.
Proof.
  induction l as [|d l IH]; intro a; cbn.
  - symmetry. apply xor_zero.
  - rewrite IH. symmetry. apply xor_assoc.
Qed.

Theorem xor_fold_app {n : nat} (l1 l2 : list (word n)) :
  xor_fold (l1 ++ l2) = xor_fold l1 (+) xor_fold l2.
Proof.
  induction l1 as [|d l1 IH]; cbn.
  - symmetry. apply zero_xor.
  - rewrite IH. apply xor_assoc.
Qed.

Theorem xor_fold_permutation {n : nat} (l1 l2 : list (word n)) :
  Permutation l1 l2 -> xor_fold l1 = xor_fold l2.
Proof.
  intro p. induction p as [|d l1 l2 _ IH|a b l|l1 l2 l3 _ IH12 _ IH23]; cbn.
  - reflexivity.
  - now rewrite IH.
  - apply xor_swap.
  - now rewrite IH12.
Qed.

(** The same delta twice, with anything before, between and after, is as if it
    had never come. *)
Theorem xor_fold_pair_cancels {n : nat} (d : word n) (l1 l2 l3 : list (word n)) :
  xor_fold (l1 ++ d :: l2 ++ d :: l3) = xor_fold (l1 ++ l2 ++ l3).
Proof.
  rewrite !xor_fold_app; cbn; rewrite !xor_fold_app; cbn.
  f_equal. rewrite (xor_swap (xor_fold l2)). apply xor_cancel_left.
Qed.

(** The meaning of the fold without any XOR in it: bit [i] of the fold is set
    exactly when an odd number of the words have bit [i] set. *)
Theorem xor_fold_bit_is_parity {n : nat} (l : list (word n)) (i : Fin.t n) :
  bit (xor_fold l) i = Nat.odd (length (filter (fun d => bit d i) l)).
Proof.
  induction l as [|d l IH].
  - apply zero_bit.
  - cbn. rewrite xor_bit, IH. destruct (bit d i); cbn [length].
    + rewrite Nat.odd_succ, <- Nat.negb_odd. apply xorb_true_l.
    + apply xorb_false_l.
Qed.

(** Words that are zero may be left out, or put in. *)
Lemma xor_fold_all_zero {n : nat} (l : list (word n)) :
  (forall d, In d l -> d = zero) -> xor_fold l = zero.
Proof.
  induction l as [|d l IH]; intro all; cbn.
  - reflexivity.
  - rewrite (all d), zero_xor by now left. apply IH. intros e inside.
    apply all. now right.
Qed.

(** Folding two lists of the same shape word by word. *)
Lemma xor_fold_map_xor {A : Type} {n : nat} (f g : A -> word n) (l : list A) :
  xor_fold (map (fun x => f x (+) g x) l)
  = xor_fold (map f l) (+) xor_fold (map g l).
Proof.
  induction l as [|x l IH]; cbn.
  - symmetry. apply xor_zero.
  - rewrite IH. apply xor_medial.
Qed.

(** A word gated to zero where a test fails is the same as filtering first. *)
Lemma xor_fold_gate {A : Type} {n : nat} (keep : A -> bool) (f : A -> word n)
  (l : list A) :
  xor_fold (map (fun x => if keep x then f x else zero) l)
  = xor_fold (map f (filter keep l)).
Proof.
  induction l as [|x l IH]; cbn.
  - reflexivity.
  - destruct (keep x); cbn; rewrite IH; [reflexivity | apply zero_xor].
Qed.

(** Folding list by list is folding them put together. *)
Lemma xor_fold_flat_map {A B : Type} {n : nat} (f : A -> list B) (g : B -> word n) (l : list A) :
  xor_fold (map g (flat_map f l)) = xor_fold (map (fun x => xor_fold (map g (f x))) l).
Proof.
  induction l as [|x l IH]; cbn; [reflexivity|].
  now rewrite map_app, xor_fold_app, IH.
Qed.
