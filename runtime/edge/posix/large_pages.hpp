// Large pages for what a process allocates: whoever looks into much memory here and there finds it sooner. Most kernels
// give them unasked (transparent_hugepage/enabled: always); where it is "madvise", glibc (2.35 and newer) asks for them if
// its environment said so when the process was started (glibc.malloc.hugetlb=1).
#pragma once

namespace godwit {

// First of all in main: starts the program anew, in the same process, where they have to be asked for. What the process
// starts later doesn't ask. A user's own GLIBC_TUNABLES are left as they are.
void ask_for_large_pages(char** argv);

}  // namespace godwit
