module aa-go

go 1.18
