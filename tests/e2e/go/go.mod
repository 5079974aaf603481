// SPDX-License-Identifier: Apache-2.0
module aa-go

go 1.18
