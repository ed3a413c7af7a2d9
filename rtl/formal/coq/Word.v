(** * Words

    A word of width [n] is a vector of [n] Booleans; the only arithmetic on
    words is bitwise XOR. Every theorem of this folder is for any [n], so it
    covers the 64-bit operands of the engine, the 32-bit fingerprints of a PAIR
    record and the narrow words of a reduced build alike.

    The file ends with the group laws that the other files use. They are proved
    bit by bit, not assumed. *)

From Coq Require Import Bool Vector Bvector.

Definition word (n : nat) := Bvector n.

Definition zero {n : nat} : word n := Bvect_false n.

Definition ones {n : nat} : word n := Bvect_true n.

Definition xor {n : nat} (a b : word n) : word n := BVxor n a b.

(* Keep both closed in proofs: a word is a whole, not its first bit and a rest. *)
Arguments zero : simpl never.
Arguments xor : simpl never.

Infix "(+)" := xor (at level 50, left associativity).

(** The comparator: one bit, true when the words are equal. *)
Definition eqb {n : nat} (a b : word n) : bool := BVeq n n a b.

(** Bit [i] of a word. [Fin.t n] holds exactly the numbers below [n]. *)
Definition bit {n : nat} (a : word n) (i : Fin.t n) : bool := Vector.nth a i.

(** ** What the definitions mean, bit by bit *)

(** Two words with the same bits are the same word. *)
Theorem word_ext {n : nat} (a b : word n) :
  (forall i, bit a i = bit b i) -> a = b.
Proof.
  intro same. apply Vector.eq_nth_iff. intros i j <-. apply same.
Qed.

Theorem xor_bit {n : nat} (a b : word n) (i : Fin.t n) :
  bit (a (+) b) i = xorb (bit a i) (bit b i).
Proof. apply Vector.nth_map2; reflexivity. Qed.

Theorem zero_bit {n : nat} (i : Fin.t n) : bit (@zero n) i = false.
Proof. apply Vector.const_nth. Qed.

Theorem eqb_iff {n : nat} (a b : word n) : eqb a b = true <-> a = b.
Proof. apply VectorEq.eqb_eq. apply eqb_true_iff. Qed.

(** Proves an equation between XORs of words: go to one bit, try all values. *)
Ltac by_bits :=
  apply word_ext; let i := fresh "i" in intro i;
  rewrite ?xor_bit, ?zero_bit;
  repeat match goal with |- context [bit ?a i] => destruct (bit a i) end;
  reflexivity.

(** ** Words under XOR are a group in which every word is its own inverse *)

Theorem xor_comm {n : nat} (a b : word n) : a (+) b = b (+) a.
Proof. by_bits. Qed.

Theorem xor_assoc {n : nat} (a b c : word n) : a (+) (b (+) c) = a (+) b (+) c.
Proof. by_bits. Qed.

Theorem xor_zero {n : nat} (a : word n) : a (+) zero = a.
Proof. by_bits. Qed.

Theorem xor_self {n : nat} (a : word n) : a (+) a = zero.
Proof. by_bits. Qed.

Lemma zero_xor {n : nat} (a : word n) : zero (+) a = a.
Proof. by_bits. Qed.

Lemma xor_cancel {n : nat} (a b : word n) : a (+) b (+) b = a.
Proof. by_bits. Qed.

Lemma xor_cancel_left {n : nat} (a b : word n) : a (+) (a (+) b) = b.
Proof. by_bits. Qed.

Lemma xor_swap {n : nat} (a b c : word n) : a (+) (b (+) c) = b (+) (a (+) c).
Proof. by_bits. Qed.

Lemma xor_medial {n : nat} (a b c d : word n) :
  (a (+) b) (+) (c (+) d) = (a (+) c) (+) (b (+) d).
Proof. by_bits. Qed.

(** A delta is zero exactly when the two words are equal: why a copied page is
    redundant when the delta between its two fingerprints is zero. *)
Theorem delta_zero_iff_equal {n : nat} (a b : word n) : a (+) b = zero <-> a = b.
Proof.
  split.
  - intro cancelled. rewrite <- (xor_cancel a b), cancelled. apply zero_xor.
  - intros ->. apply xor_self.
Qed.

(** A delta that is not zero moves every word. *)
Lemma xor_nonzero_moves {n : nat} (a d : word n) : d <> zero -> a (+) d <> a.
Proof.
  intros nonzero unmoved. apply nonzero.
  rewrite <- (xor_cancel_left a d), unmoved. apply xor_self.
Qed.

(** From width 1 on there is a word that is not zero. At width 0 there is not,
    so a counter-example needs this. *)
Lemma nonzero_word_exists (n : nat) : @ones (S n) <> zero.
Proof. discriminate. Qed.
