(** * Any number of lanes, any merge tree

    Deltas are spread over lanes, each lane folds its own share, and a tree
    merges the lanes. Whatever the number of lanes, whichever delta goes to
    whichever lane, and whatever the shape of the tree (binary, six inputs a
    node, uneven, with pass-through stages), the root is the fold of all. *)

From Coq Require Import List Permutation Arith Lia.
From Deltascope Require Import Word XorFold.
Import ListNotations.

(** ** Partitions of a list *)

Theorem fold_of_parts {n : nat} (parts : list (list (word n))) :
  xor_fold (map xor_fold parts) = xor_fold (concat parts).
Proof.
  induction parts as [|part parts IH]; cbn.
  - reflexivity.
  - now rewrite IH, xor_fold_app.
Qed.

Theorem any_partition_equals_fold {n : nat}
  (parts : list (list (word n))) (l : list (word n)) :
  Permutation (concat parts) l -> xor_fold (map xor_fold parts) = xor_fold l.
Proof. intro p. rewrite fold_of_parts. now apply xor_fold_permutation. Qed.

(** ** Merge trees *)

(** A node has any number of inputs: one is a register stage, two a binary
    tree, six the engine's radix-6 tree. *)
Inductive tree := Lane (i : nat) | Merge (inputs : list tree).

Fixpoint lanes_of (t : tree) : list nat :=
  match t with
  | Lane i => [i]
  | Merge inputs => flat_map lanes_of inputs
  end.

(** The value at the root, given the value of each lane. *)
Fixpoint merge {n : nat} (lane : nat -> word n) (t : tree) : word n :=
  match t with
  | Lane i => lane i
  | Merge inputs => xor_fold (map (merge lane) inputs)
  end.

(** [t] merges each of the lanes [0 .. lanes-1] once, in any order. *)
Definition merges_all (t : tree) (lanes : nat) : Prop :=
  Permutation (lanes_of t) (seq 0 lanes).

(** Induction over trees that reaches into the list of inputs. *)
Lemma tree_induction (P : tree -> Prop) :
  (forall i, P (Lane i)) ->
  (forall inputs, Forall P inputs -> P (Merge inputs)) ->
  forall t, P t.
Proof.
  intros lane node. fix induct 1. intros [i|inputs].
  - apply lane.
  - apply node. induction inputs; constructor; auto.
Qed.

Theorem merge_is_fold_of_leaves {n : nat} (lane : nat -> word n) (t : tree) :
  merge lane t = xor_fold (map lane (lanes_of t)).
Proof.
  induction t as [i|inputs all] using tree_induction; cbn.
  - symmetry. apply xor_zero.
  - induction all as [|t inputs here _ IH]; cbn.
    + reflexivity.
    + now rewrite here, IH, map_app, xor_fold_app.
Qed.

(** Two trees over the same lanes have the same root. *)
Theorem merge_shape_is_irrelevant {n : nat} (lane : nat -> word n) (t1 t2 : tree) :
  Permutation (lanes_of t1) (lanes_of t2) -> merge lane t1 = merge lane t2.
Proof.
  intro same. rewrite !merge_is_fold_of_leaves.
  now apply xor_fold_permutation, Permutation_map.
Qed.

(** ** Deltas tagged with the lane that takes them *)

(** What lane [i] folds, of deltas tagged with lane numbers. *)
Definition share {n : nat} (tagged : list (nat * word n)) (i : nat) : list (word n) :=
  map snd (filter (fun x => fst x =? i) tagged).

(** Exactly one of the lanes takes a given delta. *)
Lemma one_lane_takes {n : nat} (lanes i : nat) (d : word n) :
  i < lanes ->
  xor_fold (map (fun j => if i =? j then d else zero) (seq 0 lanes)) = d.
Proof.
  intro inside.
  assert (split : seq 0 lanes = seq 0 i ++ i :: seq (S i) (lanes - S i)).
  { replace lanes with (i + S (lanes - S i)) at 1 by lia. now rewrite seq_app. }
  rewrite split, map_app, xor_fold_app. cbn. rewrite Nat.eqb_refl.
  rewrite !(xor_fold_all_zero (map _ _)).
  - now rewrite xor_zero, zero_xor.
  - intros e inside_e. apply in_map_iff in inside_e as (j & <- & range).
    apply in_seq in range. now rewrite (proj2 (Nat.eqb_neq i j)) by lia.
  - intros e inside_e. apply in_map_iff in inside_e as (j & <- & range).
    apply in_seq in range. now rewrite (proj2 (Nat.eqb_neq i j)) by lia.
Qed.

Theorem lanes_and_tree_equal_fold {n : nat}
  (tagged : list (nat * word n)) (lanes : nat) (t : tree) :
  (forall x, In x tagged -> fst x < lanes) ->
  merges_all t lanes ->
  merge (fun i => xor_fold (share tagged i)) t = xor_fold (map snd tagged).
Proof.
  intros inside all. rewrite merge_is_fold_of_leaves.
  rewrite (xor_fold_permutation _ _ (Permutation_map _ all)). clear t all.
  induction tagged as [|[i d] tagged IH].
  - apply xor_fold_all_zero. intros e inside_e.
    now apply in_map_iff in inside_e as (j & <- & _).
  - assert (step : forall j, xor_fold (share ((i, d) :: tagged) j)
                   = (if i =? j then d else zero) (+) xor_fold (share tagged j)).
    { intro j. unfold share. cbn. destruct (i =? j); cbn.
      - reflexivity.
      - symmetry. apply zero_xor. }
    rewrite (map_ext _ _ step), xor_fold_map_xor, IH.
    + rewrite one_lane_takes; [reflexivity|]. apply (inside (i, d)). now left.
    + intros x inside_x. apply inside. now right.
Qed.

(** The engine's own spreading: the delta at position [p], from 0, goes to lane
    [p mod lanes]. *)
Definition round_robin {n : nat} (lanes : nat) (l : list (word n)) : list (nat * word n) :=
  combine (map (fun p => p mod lanes) (seq 0 (length l))) l.

Theorem round_robin_lanes_equal_fold {n : nat}
  (l : list (word n)) (lanes : nat) (t : tree) :
  0 < lanes ->
  merges_all t lanes ->
  merge (fun i => xor_fold (share (round_robin lanes l) i)) t = xor_fold l.
Proof.
  intros some all. rewrite (lanes_and_tree_equal_fold _ lanes t).
  - unfold round_robin. f_equal.
    generalize 0. induction l as [|d l IH]; intro start; cbn; [reflexivity|].
    now rewrite IH.
  - intros [i d] inside. apply in_combine_l, in_map_iff in inside as (p & <- & _).
    apply Nat.mod_upper_bound. lia.
  - exact all.
Qed.
