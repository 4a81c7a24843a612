// Machines under software emulation: one test at a time, or they only slow each other down.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
