-- nothing
/* to do */
