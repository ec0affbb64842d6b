// Linked into a test program, this keeps SQLite from waiting for the disk: what is written outlives
// the process all the same. What a sync is for is tested on a PowerCutDisk, which does without,
// too.
extern "C" {
int fsync(int) {
    return 0;
}
int fdatasync(int) {
    return 0;
}
}
