(** * The engine's merge tree exists for any number of lanes

    [Lanes.v] speaks of any tree that merges every lane once. Here one is built
    as the engine builds it: stage by stage, each stage joining neighbours in
    groups of at most [radix]. So the theorems about merge trees are not about
    nothing, whatever the number of lanes, full groups or not. *)

From Coq Require Import List Permutation Arith Lia.
From Deltascope Require Import Word XorFold Lanes.
Import ListNotations.

(** Cuts a list into groups of [radix], the last one perhaps shorter. [fuel]
    bounds the number of groups; the length of the list is enough. *)
Fixpoint groups {A : Type} (fuel radix : nat) (l : list A) : list (list A) :=
  match fuel, l with
  | 0, _ | _, [] => []
  | S fuel, l => firstn radix l :: groups fuel radix (skipn radix l)
  end.

(** One stage of the tree. *)
Definition stage (radix : nat) (ts : list tree) : list tree :=
  map Merge (groups (length ts) radix ts).

(** [stages] stages, then the root. *)
Fixpoint join (stages radix : nat) (ts : list tree) : tree :=
  match stages with
  | 0 => Merge ts
  | S stages => join stages radix (stage radix ts)
  end.

Definition radix_tree (stages radix lanes : nat) : tree :=
  join stages radix (map Lane (seq 0 lanes)).

(** No node of the tree has more than [radix] inputs. *)
Inductive fan_in_at_most (radix : nat) : tree -> Prop :=
  | lane_has_none i : fan_in_at_most radix (Lane i)
  | node_has inputs :
      length inputs <= radix ->
      (forall t, In t inputs -> fan_in_at_most radix t) ->
      fan_in_at_most radix (Merge inputs).

Lemma concat_groups {A : Type} (radix : nat) :
  0 < radix ->
  forall fuel (l : list A), length l <= fuel -> concat (groups fuel radix l) = l.
Proof.
  intros some. induction fuel as [|fuel IH]; intros l enough.
  - destruct l; [reflexivity | cbn in enough; lia].
  - destruct l as [|x l]; [reflexivity|]. cbn [groups concat].
    rewrite IH; [apply firstn_skipn|].
    rewrite skipn_length. cbn [length] in *. lia.
Qed.

Lemma group_length {A : Type} (radix : nat) :
  forall fuel (l group : list A), In group (groups fuel radix l) -> length group <= radix.
Proof.
  induction fuel as [|fuel IH]; intros l group inside; [destruct inside|].
  destruct l as [|x l]; [destruct inside|]. destruct inside as [<-|inside].
  - rewrite firstn_length. lia.
  - exact (IH _ _ inside).
Qed.

Lemma number_of_groups {A : Type} (radix : nat) :
  forall m fuel (l : list A), length l <= radix * m -> length (groups fuel radix l) <= m.
Proof.
  induction m as [|m IH]; intros fuel l short.
  - destruct l; cbn in short; [destruct fuel; reflexivity | lia].
  - destruct fuel as [|fuel]; [cbn; lia|]. destruct l as [|x l]; [cbn; lia|].
    cbn [groups length]. apply le_n_S, IH. rewrite skipn_length. cbn [length] in *. lia.
Qed.

Lemma stage_keeps_lanes (radix : nat) (ts : list tree) :
  0 < radix -> flat_map lanes_of (stage radix ts) = flat_map lanes_of ts.
Proof.
  intro some. unfold stage.
  transitivity (flat_map lanes_of (concat (groups (length ts) radix ts))).
  - generalize (groups (length ts) radix ts).
    induction l as [|g gs IH]; cbn; [reflexivity|]. now rewrite IH, flat_map_app.
  - now rewrite concat_groups.
Qed.

Lemma join_keeps_lanes (radix : nat) :
  0 < radix ->
  forall stages ts, lanes_of (join stages radix ts) = flat_map lanes_of ts.
Proof.
  intro some. induction stages as [|stages IH]; intro ts; cbn; [reflexivity|].
  rewrite IH. now apply stage_keeps_lanes.
Qed.

(** The tree merges every lane once. *)
Theorem radix_tree_merges_all (stages radix lanes : nat) :
  0 < radix -> merges_all (radix_tree stages radix lanes) lanes.
Proof.
  intro some. unfold merges_all, radix_tree. rewrite join_keeps_lanes by exact some.
  rewrite flat_map_concat_map, map_map. cbn.
  induction (seq 0 lanes) as [|i l IH]; cbn; auto.
Qed.

(** With [stages] stages and the root, radix^(stages+1) lanes fit into nodes of
    [radix] inputs: 6 inputs and four levels carry 1,296 lanes. *)
Theorem radix_tree_fan_in (stages radix lanes : nat) :
  lanes <= radix ^ S stages -> fan_in_at_most radix (radix_tree stages radix lanes).
Proof.
  unfold radix_tree. intro few.
  assert (count : length (map Lane (seq 0 lanes)) <= radix ^ S stages)
    by now rewrite map_length, seq_length.
  assert (good : forall t, In t (map Lane (seq 0 lanes)) -> fan_in_at_most radix t).
  { intros t inside. apply in_map_iff in inside as (i & <- & _). constructor. }
  revert count good. generalize (map Lane (seq 0 lanes)). clear few lanes.
  induction stages as [|stages IH]; intros ts count good; cbn [join].
  - constructor; [|exact good]. cbn in count. lia.
  - apply IH; unfold stage.
    + rewrite map_length. apply number_of_groups. exact count.
    + intros t inside. apply in_map_iff in inside as (group & <- & inside).
      constructor; [exact (group_length radix _ _ _ inside)|].
      intros t in_group. apply good.
      clear - inside in_group. revert inside. generalize (length ts). revert ts.
      intros ts fuel. revert ts. induction fuel as [|fuel IH]; intros ts inside; [destruct inside|].
      destruct ts as [|u ts]; [destruct inside|]. cbn [groups] in inside.
      rewrite <- (firstn_skipn radix (u :: ts)). apply in_or_app.
      destruct inside as [<-|inside]; [now left | right; auto].
Qed.

(** Its root is the fold of the lanes. *)
Theorem radix_tree_is_fold {n : nat} (stages radix lanes : nat) (lane : nat -> word n) :
  0 < radix ->
  merge lane (radix_tree stages radix lanes) = xor_fold (map lane (seq 0 lanes)).
Proof.
  intro some. rewrite merge_is_fold_of_leaves. apply xor_fold_permutation.
  now apply Permutation_map, radix_tree_merges_all.
Qed.
