(** * The ring of lanes that keeps the recent end of the journal

    The engine keeps [lanes] x [depth] entries. Position p, from 1, is written
    to lane (p-1) mod lanes, row ((p-1)/lanes) mod depth, over the entry that
    was there. A QUERY makes every lane XOR those of its rows that belong to the
    context and to a position after the mark, and merges the lanes in a tree.
    For a mark that is not too old, this is the QUERY of the unbounded journal,
    so the travel in time of [Journal.v] holds for what the ring keeps. *)

From Coq Require Import Bool List Permutation Arith Lia.
From Deltascope Require Import ListFacts Word XorFold Lanes Context Table Journal.
Import ListNotations.

(** ** The ring *)

Section Ring.

Context (lanes depth : nat) (some_lanes : 0 < lanes) (some_rows : 0 < depth).

Definition size : nat := lanes * depth.

Definition lane_of (p : nat) : nat := (p - 1) mod lanes.
Definition row_of (p : nat) : nat := ((p - 1) / lanes) mod depth.

(** The cells. One that has not been written since reset holds anything. *)
Definition cells (n : nat) := nat -> nat -> option (entry n).

Definition write {n : nat} (p : nat) (e : entry n) (m : cells n) : cells n :=
  fun l r => if (l =? lane_of p) && (r =? row_of p) then Some e else m l r.

(** Writes the entries [j] at the positions from [p] on. *)
Fixpoint write_all {n : nat} (p : nat) (j : list (entry n)) (m : cells n) : cells n :=
  match j with
  | [] => m
  | e :: rest => write_all (S p) rest (write p e m)
  end.

(** The ring after the whole journal [j], from whatever the cells held at reset. *)
Definition ring {n : nat} (stale : cells n) (j : list (entry n)) : cells n :=
  write_all 1 j stale.

(** The position that lane [l], row [r] holds at journal position [J]: the
    latest one with that address, if the ring has come so far. It is computed
    from [J] alone: cells store no position. *)
Definition held (J l r : nat) : option nat :=
  let first := S (l + lanes * r) in
  if first <=? J then Some (first + size * ((J - first) / size)) else None.

(** Is the entry of that cell after the mark? *)
Definition selected (mark J l r : nat) : bool :=
  match held J l r with Some p => mark <? p | None => false end.

(** What a cell gives to a QUERY for context [k]: its delta, or zero. *)
Definition contribution {n : nat} (k : nat) (e : option (entry n)) : word n :=
  match e with
  | Some (i, d) => if i =? k then d else zero
  | None => zero
  end.

(** What lane [l] XORs together, and what the tree makes of the lanes. *)
Definition lane_query {n : nat} (k mark J : nat) (m : cells n) (l : nat) : word n :=
  xor_fold (map (fun r => if selected mark J l r then contribution k (m l r) else zero)
                (seq 0 depth)).

Definition ring_query {n : nat} (k mark J : nat) (m : cells n) (t : tree) : word n :=
  merge (lane_query k mark J m) t.

(** ** Addresses *)

(** The number of a cell: its first position, less one. *)
Definition cell (l r : nat) : nat := l + lanes * r.

Lemma cell_below_size (l r : nat) : l < lanes -> r < depth -> cell l r < size.
Proof. unfold cell, size. nia. Qed.

Lemma size_positive : 0 < size.
Proof. unfold size. nia. Qed.

(** Position [p] goes to the cell whose number is (p-1) mod size. *)
Lemma address_of_position (p : nat) :
  lane_of p < lanes /\ row_of p < depth
  /\ cell (lane_of p) (row_of p) = (p - 1) mod size.
Proof.
  unfold lane_of, row_of, cell, size. repeat split.
  - apply Nat.mod_upper_bound. lia.
  - apply Nat.mod_upper_bound. lia.
  - symmetry. apply Nat.mod_mul_r; lia.
Qed.

(** A cell number names one lane and one row. *)
Lemma cell_injective (l r l' r' : nat) :
  l < lanes -> l' < lanes -> cell l r = cell l' r' -> l = l' /\ r = r'.
Proof.
  unfold cell. intros inside inside' same.
  assert (same_lane : l = l').
  { rewrite <- (Nat.mod_small l lanes), <- (Nat.mod_small l' lanes) by assumption.
    rewrite <- (Nat.mod_add l r lanes), <- (Nat.mod_add l' r' lanes) by lia.
    f_equal. lia. }
  split; [exact same_lane|]. nia.
Qed.

(** [held], said without arithmetic on the answer: the position is in reach, it
    has this address, and the next one with this address has not come. *)
Lemma held_iff (J l r p : nat) :
  l < lanes -> r < depth ->
  held J l r = Some p
  <-> 1 <= p <= J /\ J < p + size /\ (p - 1) mod size = cell l r.
Proof.
  intros inside_l inside_r.
  assert (below := cell_below_size l r inside_l inside_r).
  assert (positive := size_positive).
  unfold held. fold (cell l r). set (a := cell l r) in *. clearbody a.
  destruct (Nat.leb_spec (S a) J) as [come|not_yet].
  - assert (division := Nat.div_mod (J - S a) size ltac:(lia)).
    assert (rest := Nat.mod_upper_bound (J - S a) size ltac:(lia)).
    set (q := (J - S a) / size) in *. clearbody q.
    set (m := (J - S a) mod size) in *. clearbody m.
    split.
    + intro same. assert (p = S a + size * q) as -> by congruence.
      repeat split; try lia.
      replace (S a + size * q - 1) with (a + q * size) by lia.
      rewrite Nat.mod_add by lia. now apply Nat.mod_small.
    + intros (range & next & address). f_equal.
      assert (division' := Nat.div_mod (p - 1) size ltac:(lia)).
      rewrite address in division'.
      set (q' := (p - 1) / size) in *. clearbody q'.
      assert (q = q') by nia. subst q'. lia.
  - split; [discriminate|]. intros (range & _ & address).
    assert (at_most := Nat.mod_le (p - 1) size ltac:(lia)). lia.
Qed.

(** ** The ring holds the recent end of the journal *)

Lemma write_all_snoc {n : nat} (j : list (entry n)) (e : entry n) :
  forall p m, write_all p (j ++ [e]) m = write (p + length j) e (write_all p j m).
Proof.
  induction j as [|f j IH]; intros p m; cbn.
  - now rewrite Nat.add_0_r.
  - rewrite IH. now rewrite Nat.add_succ_r.
Qed.

(** A cell that is not written keeps its position. *)
Lemma held_elsewhere (J l r : nat) :
  l < lanes -> r < depth -> J mod size <> cell l r -> held (S J) l r = held J l r.
Proof.
  intros inside_l inside_r elsewhere.
  assert (positive := size_positive).
  assert (same : forall p, held (S J) l r = Some p <-> held J l r = Some p).
  { intro p. rewrite !held_iff by assumption. split.
    - intros (range & next & address). repeat split; try lia; try exact address.
      enough (p <> S J) by lia. intros ->. apply elsewhere.
      rewrite <- address. f_equal. lia.
    - intros (range & next & address). repeat split; try lia; try exact address.
      enough (S J <> p + size) by lia. intro come. apply elsewhere.
      rewrite <- address. replace J with (p - 1 + 1 * size) by lia.
      apply Nat.mod_add. lia. }
  destruct (held (S J) l r) as [p|].
  - symmetry. now apply same.
  - destruct (held J l r) as [p|]; [|reflexivity]. now apply same.
Qed.

(** Each cell holds the journal entry at the position that [held] names. *)
Theorem cell_holds_its_position {n : nat} (stale : cells n) (j : list (entry n)) (l r : nat) :
  l < lanes -> r < depth ->
  forall p, held (length j) l r = Some p -> ring stale j l r = nth_error j (p - 1).
Proof.
  intros inside_l inside_r. unfold ring.
  assert (positive := size_positive).
  induction j as [|e j IH] using rev_ind; [discriminate|]. intro p.
  rewrite write_all_snoc, app_length, Nat.add_1_r. cbn [length Nat.add].
  set (J := length j) in *.
  destruct (address_of_position (S J)) as (lane_inside & row_inside & address).
  cbn [Nat.sub] in address. rewrite Nat.sub_0_r in address.
  unfold write.
  destruct (Nat.eq_dec (J mod size) (cell l r)) as [here|elsewhere].
  - rewrite here in address. symmetry in address.
    destruct (cell_injective l r _ _ inside_l lane_inside address) as (-> & ->).
    rewrite !Nat.eqb_refl. cbn [andb].
    rewrite (proj2 (held_iff (S J) _ _ (S J) lane_inside row_inside)).
    + intro same. injection same as <-. cbn [Nat.sub].
      rewrite Nat.sub_0_r, nth_error_app2 by lia.
      subst J. now rewrite Nat.sub_diag.
    + cbn [Nat.sub]. rewrite Nat.sub_0_r. repeat split; lia.
  - rewrite held_elsewhere by assumption. intro position.
    replace ((l =? lane_of (S J)) && (r =? row_of (S J))) with false.
    + rewrite (IH p position). apply held_iff in position as (range & _ & _); try assumption.
      symmetry. apply nth_error_app1. fold J. lia.
    + symmetry. apply andb_false_iff. rewrite !Nat.eqb_neq.
      destruct (Nat.eq_dec l (lane_of (S J))) as [->|]; [right|now left].
      intros ->. apply elsewhere. now symmetry.
Qed.

(** In reach of the ring, every entry after the mark is still there. *)
Theorem recent_entries_are_kept {n : nat} (stale : cells n) (j : list (entry n)) (p : nat) :
  1 <= p <= length j -> length j < p + size ->
  ring stale j (lane_of p) (row_of p) = nth_error j (p - 1).
Proof.
  intros range reach.
  destruct (address_of_position p) as (lane_inside & row_inside & address).
  apply cell_holds_its_position; try assumption.
  apply held_iff; auto.
Qed.

(** ** A QUERY of the ring is a QUERY of the journal *)

(** The positions after the mark, as the cells hold them. *)
Definition held_after (mark J l : nat) : list nat :=
  flat_map (fun r => match held J l r with
                     | Some p => if mark <? p then [p] else []
                     | None => []
                     end) (seq 0 depth).

Lemma in_held_after (mark J l p : nat) :
  l < lanes ->
  In p (held_after mark J l)
  <-> mark < p /\ 1 <= p <= J /\ J < p + size /\ lane_of p = l.
Proof.
  intro inside. unfold held_after. rewrite in_flat_map.
  destruct (address_of_position p) as (lane_inside & row_inside & address).
  split.
  - intros (r & row & here). apply in_seq in row.
    destruct (held J l r) as [q|] eqn:position; [|destruct here].
    destruct (Nat.ltb_spec mark q) as [after|]; [|destruct here].
    destruct here as [->|[]].
    apply held_iff in position as (range & reach & same); try assumption; try lia.
    repeat split; try lia. rewrite <- address in same.
    now apply (cell_injective _ _ _ _ lane_inside inside same).
  - intros (after & range & reach & lane). subst l.
    exists (row_of p). split; [apply in_seq; lia|].
    rewrite (proj2 (held_iff J _ _ p lane_inside row_inside)) by auto.
    rewrite (proj2 (Nat.ltb_lt mark p) after). now left.
Qed.

Lemma NoDup_held_after (mark J l : nat) : l < lanes -> NoDup (held_after mark J l).
Proof.
  intro inside. apply NoDup_flat_map.
  - apply seq_NoDup.
  - intros r _. destruct (held J l r) as [p|]; [|constructor].
    destruct (mark <? p); repeat constructor. intros [].
  - intros r r' p row row' here there. apply in_seq in row, row'.
    destruct (held J l r) as [q|] eqn:position; [|destruct here].
    destruct (held J l r') as [q'|] eqn:position'; [|destruct there].
    destruct (mark <? q); [destruct here as [->|[]]|destruct here].
    destruct (mark <? q'); [destruct there as [->|[]]|destruct there].
    apply held_iff in position as (_ & _ & address); try assumption; try lia.
    apply held_iff in position' as (_ & _ & address'); try assumption; try lia.
    rewrite address in address'.
    now apply (cell_injective l r l r' inside inside address').
Qed.

(** All lanes together hold the positions (mark, J], each once. *)
Lemma lanes_hold_the_window (mark J : nat) :
  mark <= J <= mark + size ->
  Permutation (flat_map (held_after mark J) (seq 0 lanes)) (seq (S mark) (J - mark)).
Proof.
  intro reach. apply NoDup_Permutation.
  - apply NoDup_flat_map.
    + apply seq_NoDup.
    + intros l lane. apply in_seq in lane. apply NoDup_held_after. lia.
    + intros l l' p lane lane' here there. apply in_seq in lane, lane'.
      apply in_held_after in here as (_ & _ & _ & <-); [|lia].
      now apply in_held_after in there as (_ & _ & _ & <-); [|lia].
  - apply seq_NoDup.
  - intro p. rewrite in_flat_map, in_seq. split.
    + intros (l & lane & here). apply in_seq in lane.
      apply in_held_after in here; lia.
    + intro range. exists (lane_of p).
      destruct (address_of_position p) as (lane_inside & _ & _).
      split; [apply in_seq; lia|]. apply in_held_after; repeat split; lia.
Qed.

(** What the position [p] of the journal gives to a QUERY. *)
Definition contribution_at {n : nat} (k : nat) (j : list (entry n)) (p : nat) : word n :=
  contribution k (nth_error j (p - 1)).

Lemma lane_query_is_fold {n : nat} (k mark l : nat) (stale : cells n) (j : list (entry n)) :
  l < lanes ->
  lane_query k mark (length j) (ring stale j) l
  = xor_fold (map (contribution_at k j) (held_after mark (length j) l)).
Proof.
  intro inside. unfold lane_query, held_after. rewrite xor_fold_flat_map.
  f_equal. apply map_ext_in. intros r row. apply in_seq in row.
  unfold selected. destruct (held (length j) l r) as [p|] eqn:position; [|reflexivity].
  rewrite (cell_holds_its_position stale j l r inside ltac:(lia) p position).
  destruct (mark <? p); [|reflexivity]. cbn. now rewrite xor_zero.
Qed.

Lemma query_is_fold_of_contributions {n : nat} (k mark : nat) (j : list (entry n)) :
  query k mark j
  = xor_fold (map (contribution_at k j) (seq (S mark) (length j - mark))).
Proof.
  unfold query, deltas_at. rewrite <- skipn_length, <- xor_fold_gate.
  assert (suffix : forall p, nth_error j (S mark + p - 1) = nth_error (skipn mark j) p).
  { intro p. rewrite nth_error_skipped. f_equal. lia. }
  revert suffix. generalize (S mark), (skipn mark j). intros start rest. revert start.
  induction rest as [|[i d] rest IH]; intros start suffix; cbn; [reflexivity|].
  rewrite (IH (S start)).
  - f_equal. unfold contribution_at. specialize (suffix 0).
    rewrite Nat.add_0_r in suffix. now rewrite suffix.
  - intro p. etransitivity; [|exact (suffix (S p))]. f_equal. lia.
Qed.

(** The lanes and the tree answer what the unbounded journal would, for every
    mark in reach, any number of lanes, any depth and any merge tree. *)
Theorem ring_query_is_journal_query {n : nat}
  (k mark : nat) (stale : cells n) (j : list (entry n)) (t : tree) :
  merges_all t lanes ->
  mark <= length j <= mark + size ->
  ring_query k mark (length j) (ring stale j) t = query k mark j.
Proof.
  intros all reach. unfold ring_query. rewrite merge_is_fold_of_leaves.
  rewrite (xor_fold_permutation _ _ (Permutation_map _ all)).
  rewrite query_is_fold_of_contributions.
  rewrite <- (xor_fold_permutation _ _
                (Permutation_map _ (lanes_hold_the_window mark (length j) reach))).
  rewrite xor_fold_flat_map. f_equal. apply map_ext_in.
  intros l lane. apply in_seq in lane. apply lane_query_is_fold. lia.
Qed.

(** ** Marks that are too old *)

(** The engine's test, in arithmetic modulo [modulus] (2 to the width of the
    journal position). *)
Definition too_old (modulus mark J : nat) : bool :=
  Nat.min J size <? (J + (modulus - mark)) mod modulus.

(** As long as the position has not wrapped, the test refuses exactly the marks
    that lie in the future or before the reach of the ring. *)
Theorem too_old_iff (modulus mark J : nat) :
  J < modulus -> mark < modulus ->
  too_old modulus mark J = false <-> mark <= J <= mark + size.
Proof.
  intros no_wrap in_range. unfold too_old. rewrite Nat.ltb_ge.
  destruct (Nat.le_gt_cases mark J) as [past|future].
  - replace (J + (modulus - mark)) with (J - mark + 1 * modulus) by lia.
    rewrite Nat.mod_add, Nat.mod_small by lia. lia.
  - rewrite Nat.mod_small by lia. lia.
Qed.

(** ** Travel in time from the ring *)

(** For every mark that the engine does not refuse: it names a moment, and the
    state of each context at that moment is its state now XOR the answer. *)
Theorem ring_time_travel {n : nat} (contexts : nat) (t0 : table n)
  (rs : list (record n)) (stale : cells n) (modulus mark : nat) (t : tree) :
  let j := journal contexts t0 rs in
  merges_all t lanes ->
  length j < modulus -> mark < modulus ->
  too_old modulus mark (length j) = false ->
  exists past recent,
    rs = past ++ recent
    /\ length (journal contexts t0 past) = mark
    /\ forall k,
         state (run_table contexts t0 past k)
         = state (run_table contexts t0 rs k)
           (+) ring_query k mark (length j) (ring stale j) t.
Proof.
  cbn zeta. intros all no_wrap in_range accepted.
  apply too_old_iff in accepted; try assumption.
  destruct (every_mark_is_a_moment contexts rs t0 mark) as (past & recent & split & here);
    [lia|].
  exists past, recent. repeat split; try assumption.
  intro k. rewrite ring_query_is_journal_query by assumption.
  rewrite (time_travel contexts t0 past recent k), here. now rewrite <- split.
Qed.

End Ring.
