\frobnicate
