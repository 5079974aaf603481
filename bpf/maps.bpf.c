// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where the shared maps are defined. */
#define AA_MAPS_DEFINED_HERE
#include "maps.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
