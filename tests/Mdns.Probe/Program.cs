using System.Diagnostics;
using PhaseMesh.Mdns;
using PhaseMesh.Mdns.Browsing;
using PhaseMesh.Mdns.Messages;
using PhaseMesh.Mdns.Responding;

// One mDNS node driven over stdin, so that a test can run it inside a network namespace. Fields are separated by tabs.
//   advertise TYPE NAME PORT key=value...   ->  announced NAME HOST
//   text key=value...                       ->  (of the service advertised last)
//   withdraw                                ->  withdrawn
//   browse TYPE                             ->  added|updated|removed NAME HOST PORT ADDRESSES LINK MILLISECONDS key=value...
//   counters                                ->  counters RECEIVED SENT REASON=n...
// The end of stdin disposes the node, which says goodbye.
string hostName = args.Length > 0 ? args[0] : "probe";
await using MdnsNode node = MdnsNode.Start(new MdnsOptions
{
    HostName = hostName,
    OnNotice = notice => Write("notice", notice.Kind.ToString(), notice.Message),
});
List<Task> watching = [];
List<ServiceBrowser> browsers = [];
AdvertisedService? service = null;
Write("ready", Environment.ProcessId.ToString());
while (await Console.In.ReadLineAsync() is string line)
{
    string[] fields = line.Split('\t');
    switch (fields[0])
    {
        case "advertise":
            service = node.Advertise(new ServiceRegistration
            {
                ServiceType = fields[1],
                InstanceName = fields[2],
                Port = ushort.Parse(fields[3]),
                Text = ToText(fields[4..]),
            });
            await service.Announced;
            Write("announced", service.InstanceName, node.HostName.ToString());
            break;
        case "text":
            service?.UpdateText(ToText(fields[1..]));
            break;
        case "withdraw" when service is not null:
            await service.DisposeAsync();
            Write("withdrawn");
            break;
        case "browse":
            ServiceBrowser browser = node.Browse(fields[1]);
            browsers.Add(browser);
            watching.Add(WatchAsync(browser, Stopwatch.GetTimestamp()));
            break;
        case "counters":
            Write([
                "counters", $"{node.Counters.PacketsReceived}", $"{node.Counters.PacketsSent}", $"records={node.CachedRecords}",
                .. Enum.GetValues<DropReason>().Select(reason => $"{reason}={node.Counters.Drops(reason)}")]);
            break;
        default:
            Write("unknown", line);
            break;
    }
}

foreach (ServiceBrowser browser in browsers)
{
    await browser.DisposeAsync();
}

await Task.WhenAll(watching);

static ServiceText ToText(string[] pairs) =>
    ServiceText.Create(pairs.Select(pair => pair.Split('=', 2)).Select(pair => KeyValuePair.Create(pair[0], pair.Length == 2 ? pair[1] : null)));

static async Task WatchAsync(ServiceBrowser browser, long started)
{
    await foreach (ServiceChange change in browser.WatchAsync())
    {
        ServiceInstance instance = change.Instance;
        Write([
            change.Kind.ToString().ToLowerInvariant(), instance.InstanceName, instance.HostName.ToString(), $"{instance.Port}",
            string.Join(',', instance.Addresses), instance.LinkName, $"{Stopwatch.GetElapsedTime(started).TotalMilliseconds:0}",
            .. instance.Text.Pairs.Select(pair => $"{pair.Key}={pair.Value}")]);
    }
}

static void Write(params string[] fields)
{
    lock (Console.Out)
    {
        Console.Out.WriteLine(string.Join('\t', fields));
        Console.Out.Flush();
    }
}
