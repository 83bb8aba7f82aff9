; Rules 4 and 5, for every rate limit that RateLimit::new accepts, every stored budget and every window of time:
;
;     from `from` until `until`, both included, at most burst + (until - from) / period are taken.
;
; Run: cat tests/proof/budget.smt2 tests/proof/rule.smt2 | z3 -in
; Each query asks for a counterexample. `unsat` means that there is none, so all six answers have to be `unsat`.
;
; The proof is by induction over the calls of `take`. It follows one number that the code does not have:
; `due`. It starts at `from`, and each charge at a time in the window adds one period. So it counts: after n
; charges, due = from + n * period. The invariant has two parts:
;
;     a budget that was charged in the window is not full before `due`, and
;     due <= until + window, where window = burst * period.
;
; `start`, `charge`, `step` and `refusal` prove it for any sequence: whatever was stored, after each charge and each
; refusal. The second part says n * period <= (until - from) + burst * period. The last query, in whole numbers
; because dividing bit-vectors of this length takes too long, turns that into the rule.
;
; The proof does not require growing times, because `full_at` never falls. The monotone times of an account are
; one case. A rewind and a reset of the budgets lower `full_at`; after them the proof starts again, because it
; starts with any `full_at`.

(declare-const burst U64) (declare-const period U64)
(declare-const from U64) (declare-const until U64)
(declare-const full_at U64) (declare-const due U64)
(declare-const now U64)
; `product` shows what `window` is, and that it is at least one period. The others need no more of it.
(declare-const window U64)
; `charge` shows what a charge does: a budget that would be full `at` now or later is full at `next`.
(declare-const at U64) (declare-const next U64)

; A loaded record and a clock of the years 1970 to 9999 have no later time, so a longer window has no more charges.
; Without this bound `charge` fails: from the end of u64 on, a charge saturates and costs nothing.
(define-fun is_time ((time U64)) Bool (bvule time max_stored))
(define-fun is_window () Bool (and (bvult zero period) (bvule period window) (bvule window max_window)))
(define-fun is_charge ((at U64) (next U64)) Bool
  (and (= next (bvadd at period)) (bvule at next) (bvule next (bvadd now window))))
(define-fun invariant ((full_at U64) (due U64)) Bool
  (and (or (= due from) (bvule due full_at))
       (bvule from due)
       (bvule due (bvadd until window))))
(define-fun next_due () U64 (ite (and (bvule from now) (bvule now until)) (bvadd due period) due))

(push)
(echo "product: the window is burst * period, does not saturate, and is at least one period")
(assert (accepted burst period))
(assert (not (and (= ((_ zero_extend 64) (window_of burst period)) (product period burst))
                  (bvule period (window_of burst period)))))
(check-sat-using qfbv)
(pop)

(push)
(echo "charge: what is taken moves the full moment by one period, at most to now + window")
(assert is_window)
(assert (is_time now))
(assert (check full_at window period now))
(assert (not (is_charge (later full_at now) (take full_at window period now))))
(check-sat-using qfbv)
(pop)

(push)
(echo "refusal: what is refused changes nothing")
(assert (not (check full_at window period now)))
(assert (not (= (take full_at window period now) full_at)))
(check-sat-using qfbv)
(pop)

(push)
(echo "start: the invariant holds before the first charge")
(assert is_window)
(assert (and (bvule from until) (is_time until)))
(assert (not (invariant full_at from)))
(check-sat-using qfbv)
(pop)

(push)
(echo "step: a charge keeps the invariant, in the window or outside, and due does not overflow")
(assert is_window)
(assert (and (bvule from until) (is_time until) (is_time now)))
(assert (invariant full_at due))
(assert (and (is_charge at next) (bvule full_at at) (bvule now at)))
(assert (not (and (invariant next next_due) (bvule due next_due))))
(check-sat-using qfbv)
(pop)

(push)
(echo "rule: n * period <= horizon + burst * period leaves at most most_within(horizon)")
(declare-const n Int) (declare-const b Int) (declare-const p Int) (declare-const horizon Int)
(assert (and (<= 0 n) (<= 1 b) (<= 1 p) (<= 0 horizon)))
(assert (<= (* n p) (+ horizon (* b p))))
(assert (not (<= n (most_within b p horizon))))
(check-sat)
(pop)
