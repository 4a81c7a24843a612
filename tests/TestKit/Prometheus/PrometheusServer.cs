using System.Globalization;
using System.Text.Json;
using PhaseMesh.TestKit.Processes;

namespace PhaseMesh.TestKit.Prometheus;

/// <param name="Query">The expression as Prometheus prints it.</param>
public sealed record PrometheusRule(string Name, bool IsAlert, string Query, IReadOnlyDictionary<string, string> Annotations);

/// <summary>Debian's Prometheus with a database of its own, scraping each second.</summary>
public sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly ChildProcess _process;
    private readonly DirectoryInfo _directory;
    private readonly HttpClient _client;

    private PrometheusServer(ChildProcess process, DirectoryInfo directory, Uri url)
    {
        (_process, _directory) = (process, directory);
        _client = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };
    }

    /// <param name="jobs">Name of a job, and where to get its <c>/metrics</c>.</param>
    public static Task<PrometheusServer> StartAsync(params IEnumerable<(string Job, Uri Target)> jobs) => StartWithRulesAsync([], jobs);

    /// <param name="ruleFiles">Patterns of absolute paths; evaluated each second.</param>
    /// <param name="jobs">Name of a job, and where to get its <c>/metrics</c>; a job may have many.</param>
    public static async Task<PrometheusServer> StartWithRulesAsync(
        IEnumerable<string> ruleFiles, params IEnumerable<(string Job, Uri Target)> jobs)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("phasemesh-prometheus-");
        string configuration = Path.Combine(directory.FullName, "prometheus.yml");
        await File.WriteAllTextAsync(configuration, string.Join('\n',
        [
            "global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}",
            $"rule_files: [{string.Join(", ", ruleFiles.Select(file => $"'{file}'"))}]", "scrape_configs:",
            .. jobs.GroupBy(job => job.Job, job => $"'{job.Target.Authority}'").Select(
                job => $"- {{job_name: {job.Key}, static_configs: [{{targets: [{string.Join(", ", job)}]}}]}}"),
        ]));
        Uri url = new($"http://127.0.0.1:{LoopbackPort.Free()}/");
        ChildProcess process = ChildProcess.Start("prometheus", "prometheus",
        [
            $"--config.file={configuration}", $"--storage.tsdb.path={Path.Combine(directory.FullName, "data")}",
            $"--web.listen-address={url.Authority}", "--enable-feature=exemplar-storage",
        ]);
        PrometheusServer server = new(process, directory, url);
        await HttpProbe.WaitForOkAsync(new Uri(url, "/-/ready"), Limit, process);
        return server;
    }

    /// <summary>The values of a query by their labels, as <c>{a="b"}</c> in the order of the names, <c>__name__</c> left out.</summary>
    /// <exception cref="InvalidOperationException">Prometheus calls the query wrong.</exception>
    public async Task<IReadOnlyDictionary<string, double>> QueryAsync(string query)
    {
        using HttpResponseMessage response = await _client.GetAsync($"/api/v1/query?query={Uri.EscapeDataString(query)}");
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        if (answer.RootElement.GetProperty("status").GetString() != "success")
        {
            throw new InvalidOperationException($"{query}: {answer.RootElement.GetProperty("error").GetString()}");
        }

        return answer.RootElement.GetProperty("data").GetProperty("result").EnumerateArray().ToDictionary(
            one => $"{{{string.Join(',', one.GetProperty("metric").EnumerateObject().Where(label => label.Name != "__name__")
                .OrderBy(label => label.Name, StringComparer.Ordinal).Select(label => $"{label.Name}=\"{label.Value.GetString()}\""))}}}",
            one => double.Parse(one.GetProperty("value")[1].GetString()!.Replace("Inf", "Infinity"), CultureInfo.InvariantCulture));
    }

    /// <summary>The rules that it evaluates, as it has read them.</summary>
    public async Task<IReadOnlyList<PrometheusRule>> RulesAsync()
    {
        using JsonDocument answer = JsonDocument.Parse(await _client.GetStringAsync("/api/v1/rules"));
        return [.. answer.RootElement.GetProperty("data").GetProperty("groups").EnumerateArray()
            .SelectMany(group => group.GetProperty("rules").EnumerateArray())
            .Select(rule => new PrometheusRule(
                rule.GetProperty("name").GetString()!, rule.GetProperty("type").GetString() == "alerting", rule.GetProperty("query").GetString()!,
                rule.TryGetProperty("annotations", out JsonElement annotations)
                    ? annotations.EnumerateObject().ToDictionary(one => one.Name, one => one.Value.GetString()!) : []))];
    }

    /// <summary>Asks until one answer satisfies.</summary>
    /// <exception cref="TimeoutException">None did; the message has the last one.</exception>
    public async Task<IReadOnlyDictionary<string, double>> WaitForAsync(
        string query, Func<IReadOnlyDictionary<string, double>, bool> isRight)
    {
        long started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            IReadOnlyDictionary<string, double> answer = await QueryAsync(query);
            if (isRight(answer))
            {
                return answer;
            }

            if (TimeProvider.System.GetElapsedTime(started) > Limit)
            {
                string last = string.Join(", ", answer.Select(one => $"{one.Key} {one.Value}"));
                throw new TimeoutException($"{query} gave [{last}] after {Limit.TotalSeconds} s.{_process.Tail()}");
            }

            await Task.Delay(Pause, TimeProvider.System);
        }
    }

    /// <summary>Runs promtool, whose exit code must be 0.</summary>
    /// <exception cref="InvalidOperationException">It was another; the message has what it printed.</exception>
    public static Task PromtoolAsync(params string[] arguments) => ChildProcess.RunAsync("promtool", arguments, Limit);

    /// <summary>What <c>promtool check metrics</c> finds wrong with a scrape in the text format; nothing where all is well.</summary>
    public static async Task<IReadOnlyList<string>> LintAsync(string text)
    {
        await using ChildProcess promtool = ChildProcess.Start("promtool", "promtool", ["check", "metrics"]);
        await promtool.StandardInput.WriteAsync(text);
        promtool.StandardInput.Close();
        int exitCode = await promtool.WaitForExitAsync(Limit);
        string[] lines = [.. promtool.Lines.Select(line => line.Text)];
        return exitCode == 0 || lines.Length > 0 ? lines : [$"promtool ended with exit code {exitCode}."];
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _process.DisposeAsync();
        _directory.Delete(recursive: true);
    }
}
