; The arithmetic of src/budget.rs as bit-vectors, transcribed function by function. rule.smt2 proves its rule.
; The test `the_formulas_of_the_proof_are_the_code` in src/budget/tests/proof.rs compares every function with the code.
; Numbers are u64, times are milliseconds. `full_at` is all that a budget stores: when it is full again.

(define-sort U64 () (_ BitVec 64))
(define-fun zero () U64 (_ bv0 64))
(define-fun one () U64 (_ bv1 64))

; u64::saturating_add, saturating_sub, saturating_mul, max
(define-fun sat_add ((a U64) (b U64)) U64 (ite (bvult (bvadd a b) a) (bvnot zero) (bvadd a b)))
(define-fun sat_sub ((a U64) (b U64)) U64 (ite (bvult a b) zero (bvsub a b)))
(define-fun product ((a U64) (b U64)) (_ BitVec 128) (bvmul ((_ zero_extend 64) a) ((_ zero_extend 64) b)))
(define-fun sat_mul ((a U64) (b U64)) U64
  (ite (= ((_ extract 127 64) (product a b)) zero) ((_ extract 63 0) (product a b)) (bvnot zero)))
(define-fun later ((a U64) (b U64)) U64 (ite (bvult a b) b a))

; RateLimit::MAX_BURST, RateLimit::MAX_WINDOW_MILLIS, Millis::MAX_STORED
(define-fun max_burst () U64 (_ bv10000 64))
(define-fun max_window () U64 (_ bv315619200000 64))
(define-fun max_stored () U64 (_ bv9007199254740991 64))

; RateLimit::window, slack, and whether RateLimit::new accepts the numbers
(define-fun window_of ((burst U64) (period U64)) U64 (sat_mul period burst))
(define-fun slack ((window U64) (period U64)) U64 (sat_sub window period))
(define-fun accepted ((burst U64) (period U64)) Bool
  (and (bvule one burst) (bvule burst max_burst) (bvult zero period) (bvule (window_of burst period) max_window)))

; Budget::check, charge, and take, which is both
(define-fun retry_at ((full_at U64) (window U64) (period U64)) U64 (sat_sub full_at (slack window period)))
(define-fun check ((full_at U64) (window U64) (period U64) (now U64)) Bool
  (bvule (retry_at full_at window period) now))
(define-fun charge ((full_at U64) (period U64) (now U64)) U64 (sat_add (later full_at now) period))
(define-fun take ((full_at U64) (window U64) (period U64) (now U64)) U64
  (ite (check full_at window period now) (charge full_at period now) full_at))

; RateLimit::most_within, in whole numbers, before it saturates
(define-fun most_within ((burst Int) (period Int) (horizon Int)) Int (+ (div horizon period) burst))
