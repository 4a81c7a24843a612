using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Node;
using PhaseMesh.Cluster.Storage;

// A silo in a process of its own, with callers inside, which a test can kill and freeze. Prints lines (see Callers and BellGrain) and takes
// words on stdin: "bells" sets the reminders; "stop" ends the callers and answers "stopped SUMMARY"; "fill N" makes N grains of half a kilobyte; "gauge" answers "gauge MANAGED-BYTES RSS-BYTES FILES THREADS";
// "leave" ends the silo in peace. The end of stdin ends it too.
// usage: Cluster.Node STORAGE NAME CALLERS PAUSE-MILLISECONDS
TimeSpan retryDelay = TimeSpan.FromMilliseconds(200);
await using NodeLines lines = new();
string run = $"{args[1]}-{Environment.ProcessId}";
GrainCluster silo;
while (true)
{
    try
    {
        silo = await GrainCluster.StartAsync(NodeSetup.Options(args[0], args[1], hasBells: args[2] != "0"), lines);
        break;
    }
    catch (StorageUnavailableException exception)
    {
        lines.Write($"waiting: {exception.Message}");
        await Task.Delay(retryDelay, TimeProvider.System);
    }
}

await using GrainCluster owned = silo;
Callers callers = new(silo, lines, run, TimeSpan.FromMilliseconds(int.Parse(args[3])));
callers.Start(int.Parse(args[2]));
lines.Write($"ready {silo.Membership.Self}");
while (await Console.In.ReadLineAsync() is { } word && word != "leave")
{
    switch (word)
    {
        case "bells":
            for (int i = 0; i < NodeSetup.Bells; i++)
            {
                await silo.GetGrain<IBellGrain>($"b{i}").SetAsync(NodeSetup.BellPeriod);
            }

            lines.Write("bells are set");
            break;
        case var fill when fill.StartsWith("fill ", StringComparison.Ordinal):
            await Parallel.ForAsync(0, int.Parse(fill[5..]), new ParallelOptions { MaxDegreeOfParallelism = 256 }, async (i, _) =>
                await silo.GetGrain<ITallyGrain>($"fill{i}").AddAsync(new string('x', 400)));
            lines.Write("filled");
            break;
        case "stop":
            await callers.StopAsync();
            lines.Write($"stopped {callers.Summary()}");
            break;
        case "gauge":
            using (System.Diagnostics.Process self = System.Diagnostics.Process.GetCurrentProcess())
            {
                int files = Directory.GetFiles("/proc/self/fd").Length;
                lines.Write($"gauge {GC.GetTotalMemory(forceFullCollection: true)} {self.WorkingSet64} {files} {self.Threads.Count}");
            }

            break;
        default:
            lines.Write($"fault no word: {word}");
            break;
    }
}

await callers.StopAsync();
