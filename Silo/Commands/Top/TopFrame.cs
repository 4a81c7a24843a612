using System.Globalization;
using System.Text.Json;
using PhaseMesh.Silo.Commands.Fleet;
using PhaseMesh.Silo.Commands.Progress;

namespace PhaseMesh.Silo.Commands.Top;

/// <summary>
/// The picture of a model: title, the fleet in one line, the funnel of boots, the pane, the keys. Pure: the same model, view and size make
/// the same lines.
/// </summary>
/// <param name="Lines">As many as the terminal has rows, none wider than it.</param>
/// <param name="Rows">Keys of the pane's rows, those out of sight too.</param>
/// <param name="PageRows">How many rows are in sight.</param>
internal sealed record TopFrame(IReadOnlyList<TopLine> Lines, IReadOnlyList<string> Rows, int PageRows)
{
    /// <summary>Below this many rows the funnel is one line, and the nodes have none.</summary>
    private const int RowsForFunnel = 20;
    private const int FunnelBar = 20;

    private static readonly string[] Phases = ["created", "discovered", "manifest", "fetching", "verified", "kexec"];

    public static TopFrame Render(TopModel model, TopView view, TerminalSize size, DateTimeOffset now)
    {
        int width = Math.Max(10, size.Columns);
        List<TopLine> lines = [Title(model, width, now), Boots(model)];
        if (size.Rows >= RowsForFunnel)
        {
            lines.Add(Nodes(model));
        }

        if (model.Problem is { } problem)
        {
            lines.Add(TopLine.Of(problem, TopStyle.Bad));
        }

        lines.AddRange(size.Rows >= RowsForFunnel ? Funnel(model) : ShortFunnel(model, width));
        lines.Add(TopLine.Empty);
        List<TopRow> rows = TopPanes.RowsOf(model, view, now);
        int page;
        if (view.ShownBoot is { } boot)
        {
            page = Math.Max(1, size.Rows - lines.Count - 1);
            List<TopLine> detail = [.. Detail(model, boot, width)];
            lines.AddRange(detail.Skip(Math.Clamp(view.Scroll, 0, Math.Max(0, detail.Count - page))).Take(page));
        }
        else
        {
            lines.Add(Tabs(view, rows.Count));
            TopTable table = TopPanes.TableOf(view.Pane);
            lines.Add(table.Heading(width));
            page = Math.Max(1, size.Rows - lines.Count - 1);
            int selected = Math.Max(0, rows.FindIndex(row => row.Key == view.Selected));
            int first = selected < page ? 0 : selected - page + 1;
            lines.AddRange(rows.Skip(first).Take(page).Select((row, i) => table.Line(row, width, first + i == selected)));
            if (rows.Count == 0)
            {
                lines.Add(TopLine.Of(view.Filter.Length > 0 ? "Nothing has that in it; esc shows all." : "Nothing.", TopStyle.Faint));
            }
        }

        lines = [.. lines.Take(size.Rows - 1)];
        lines.AddRange(Enumerable.Repeat(TopLine.Empty, size.Rows - 1 - lines.Count));
        lines.Add(Keys(view, width));
        return new TopFrame([.. lines.Select(line => line.Fit(width))], [.. rows.Select(row => row.Key)], page);
    }

    /// <summary>How many lines the shown boot has at this width.</summary>
    public static int DetailLines(TopModel model, string boot, int width) => Detail(model, boot, width).Count();

    private static TopLine Title(TopModel model, int width, DateTimeOffset now)
    {
        (string state, TopStyle style) = model.Problem is not null ? ("stale", TopStyle.Bad)
            : model.IsLive ? ("live", TopStyle.Good)
            : ("polling", TopStyle.Warning);
        TopLine title = TopLine.Of("plasmd top", TopStyle.Bold).Add("  ").Add(state, style);
        string right = $"{(model.Cluster ?? default).Text("answered_by")}  {now.UtcDateTime:HH:mm:ss}Z";
        return width - title.Length - right.Length >= 2
            ? title.Add(new string(' ', width - title.Length - right.Length)).Add(right, TopStyle.Faint)
            : title;
    }

    private static TopLine Boots(TopModel model)
    {
        JsonElement recent = model.Recent ?? default;
        JsonElement outcomes = recent.Member("by_outcome") ?? default;
        long joined = outcomes.Number("joined");
        return TopLine.Of($"{TopFeed.Window.TotalMinutes:0} min: {recent.Number("total")} begun, {joined} joined, ")
            .Add($"{outcomes.Number("failed")} failed, {outcomes.Number("lost")} lost",
                outcomes.Number("failed") + outcomes.Number("lost") > 0 ? TopStyle.Bad : TopStyle.Plain)
            .Add(string.Create(CultureInfo.InvariantCulture, $", {joined / TopFeed.Window.TotalMinutes:0.0}/min"));
    }

    private static TopLine Nodes(TopModel model)
    {
        IEnumerable<string> silos = (model.Cluster ?? default).Items("silos").Select(silo => silo.Text("status") ?? "unknown");
        IEnumerable<string> providers = model.Providers.Select(provider => provider.Text("state") ?? "unknown");
        return TopLine.Of($"providers: {Tally(providers)}; silos: {Tally(silos)}");
    }

    /// <summary><c>12 serving, 1 suspect</c>, the most first.</summary>
    private static string Tally(IEnumerable<string> states)
    {
        string text = string.Join(", ", states.GroupBy(state => state).OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key, StringComparer.Ordinal).Select(group => $"{group.Count()} {group.Key}"));
        return text.Length > 0 ? text : "none";
    }

    private static IEnumerable<TopLine> Funnel(TopModel model)
    {
        long most = Math.Max(1, Phases.Max(phase => CountOf(model, phase)));
        (long done, long total, long rate) = Fetched(model);
        foreach (string phase in Phases)
        {
            long count = CountOf(model, phase);
            int stuck = model.Boots.Count(boot => boot.IsStuck && boot.Phase == phase);
            TopLine line = TopLine.Of($"{phase,-10} {count,6} |{ProgressText.Bar((double)count / most, FunnelBar)}|");
            if (stuck > 0)
            {
                line.Add($" {stuck} stuck", TopStyle.Warning);
            }

            yield return phase != "fetching" || total == 0 ? line : line.Add(
                $" {(int)(100 * (double)done / total)} % of {HumanSize.Of(total)}, {HumanSize.Of(rate)}/s");
        }
    }

    private static IEnumerable<TopLine> ShortFunnel(TopModel model, int width)
    {
        (long done, long total, _) = Fetched(model);
        string fetched = total > 0 ? $" {(int)(100 * (double)done / total)} %" : "";
        int letters = width < 80 ? 2 : 10;
        yield return TopLine.Of(string.Join(width < 80 ? " " : " > ", Phases.Select(phase =>
            $"{phase[..Math.Min(letters, phase.Length)]} {CountOf(model, phase)}{(phase == "fetching" ? fetched : "")}")));
    }

    /// <summary>The silos' count; until there is one, of the boots that were heard of.</summary>
    private static long CountOf(TopModel model, string phase) => model.Running is { } running
        ? (running.Member("by_phase") ?? default).Number(phase)
        : model.Boots.Count(boot => boot.IsRunning && boot.Phase == phase);

    private static (long Done, long Total, long Rate) Fetched(TopModel model)
    {
        (long done, long total, long rate) = (0, 0, 0);
        foreach (TopBoot boot in model.Boots.Where(boot => boot.IsRunning && boot.Phase == "fetching"))
        {
            (done, total, rate) = (done + boot.BytesFetched, total + boot.BytesTotal, rate + boot.BytesPerSecond);
        }

        return (done, total, rate);
    }

    private static TopLine Tabs(TopView view, int rows)
    {
        TopLine tabs = new();
        foreach (TopPane pane in Enum.GetValues<TopPane>())
        {
            string name = pane.ToString().ToLowerInvariant();
            tabs.Add(pane == view.Pane ? $"[{name}]" : $" {name} ", pane == view.Pane ? TopStyle.Bold : TopStyle.Faint);
        }

        tabs.Add($"  {rows} rows");
        return view.IsTyping ? tabs.Add($"  filter: {view.Filter}_", TopStyle.Bold)
            : view.Filter.Length > 0 ? tabs.Add($"  filter: {view.Filter}", TopStyle.Warning)
            : tabs;
    }

    private static TopLine Keys(TopView view, int width) => TopLine.Of(
        view.IsTyping ? "type what rows shall have in them; enter keeps it, esc shows all"
        : view.ShownBoot is not null ? "esc back  up/down scroll  q quit"
        : width < 70 ? "q quit  f filter  b p c s panes"
        : $"q quit  f filter  {(view.Pane == TopPane.Boots ? "enter show  " : "")}b boots  p providers  c channels  s silos",
        TopStyle.Faint);

    /// <summary>Long lines go on in the next one.</summary>
    private static IEnumerable<TopLine> Detail(TopModel model, string boot, int width)
    {
        if (model.Detail is not { } detail || detail.BootId != boot)
        {
            yield return TopLine.Of($"Asking for boot {boot}...", TopStyle.Faint);
            yield break;
        }

        foreach (string line in detail.Lines)
        {
            yield return TopLine.Of(line.Length > width ? line[..width] : line);
            for (int at = width; at < line.Length; at += width - 4)
            {
                yield return TopLine.Of(string.Concat("    ", line.AsSpan(at, Math.Min(width - 4, line.Length - at))));
            }
        }
    }
}
