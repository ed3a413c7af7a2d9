(** * Facts about lists that the library does not have *)

From Coq Require Import List.
Import ListNotations.

(** Lists without repetition that have no item in common, put together, have no
    repetition. *)
Lemma NoDup_flat_map {A B : Type} (f : A -> list B) (l : list A) :
  NoDup l ->
  (forall x, In x l -> NoDup (f x)) ->
  (forall x y b, In x l -> In y l -> In b (f x) -> In b (f y) -> x = y) ->
  NoDup (flat_map f l).
Proof.
  induction 1 as [|x l fresh _ IH]; intros each apart; cbn; [constructor|].
  assert (rest : NoDup (flat_map f l)).
  { apply IH.
    - intros y inside. apply each. now right.
    - intros y z b in_y in_z. apply apart; now right. }
  assert (first : NoDup (f x)) by (apply each; now left).
  assert (disjoint : forall b, In b (f x) -> ~ In b (flat_map f l)).
  { intros b here there. apply in_flat_map in there as (y & in_y & there).
    apply fresh. rewrite (apart x y b); auto; [now left | now right]. }
  clear - first rest disjoint.
  induction first as [|b bs new _ IH]; [exact rest|]. cbn. constructor.
  - rewrite in_app_iff. intros [again|again]; [contradiction|].
    apply (disjoint b); [now left | exact again].
  - apply IH. intros c here. apply disjoint. now right.
Qed.

(** Item [p] after skipping [m] is item [m + p]. *)
Lemma nth_error_skipped {A : Type} (m : nat) :
  forall (l : list A) p, nth_error (skipn m l) p = nth_error l (m + p).
Proof.
  induction m as [|m IH]; intros l p; [reflexivity|].
  destruct l as [|x l]; cbn; [now destruct p | apply IH].
Qed.
