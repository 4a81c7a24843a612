using System.Globalization;
using PhaseMesh.Silo.Commands.Fleet;

namespace PhaseMesh.Silo.Commands.Progress;

/// <summary>What a progress line counts.</summary>
internal enum ProgressUnit
{
    Bytes,
    Items,

    /// <summary>A wait that is as long as it is: <c>total</c> is in milliseconds.</summary>
    Milliseconds,
}

/// <summary>How far something is.</summary>
/// <param name="What">Such as <c>Hashing kernel</c>.</param>
/// <param name="Done">At most <paramref name="Total"/>.</param>
/// <param name="Total">0 counts as all done.</param>
internal sealed record ProgressText(string What, long Done, long Total, TimeSpan Elapsed, ProgressUnit Unit)
{
    private const int BarWidth = 24;

    /// <summary>Before this much time the rate says nothing.</summary>
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(500);

    public double Part => Total <= 0 ? 1 : Math.Clamp((double)Done / Total, 0, 1);

    /// <summary><c>Hashing kernel  45 % |###       | 1.2 GiB of 2.6 GiB, 410.0 MiB/s, 3 s left</c>; what has no room is left out.</summary>
    public string Line(int width)
    {
        string bar = $"{What} {(int)(Part * 100),3} % |{Bar(Part, BarWidth)}| {Figures}";
        return bar.Length < width ? bar : Plain is { } plain && plain.Length < width ? plain : Plain[..Math.Max(0, width - 1)];
    }

    /// <summary><c>Hashing kernel: 45 %, 1.2 GiB of 2.6 GiB, 410.0 MiB/s, 3 s left</c>.</summary>
    public string Plain => $"{What}: {(int)(Part * 100)} %, {Figures}";

    public static string Bar(double part, int width) => new string('#', (int)(part * width)).PadRight(width, '.');

    private string Figures => Unit switch
    {
        ProgressUnit.Bytes => $"{HumanSize.Of(Done)} of {HumanSize.Of(Total)}{RateText}{LeftText}",
        ProgressUnit.Items => $"{Done} of {Total}{RateText}{LeftText}",
        _ => $"{JsonText.Duration(TimeSpan.FromSeconds(Math.Ceiling(Math.Max(0, Total - Done) / 1000.0)))} left",
    };

    private double? Rate => Elapsed >= Shortest && Done > 0 ? Done / Elapsed.TotalSeconds : null;

    private string RateText => Rate is not { } rate ? ""
        : Unit == ProgressUnit.Bytes ? $", {HumanSize.Of((long)rate)}/s"
        : string.Create(CultureInfo.InvariantCulture, $", {rate:0.0}/s");

    private string LeftText => Rate is { } rate && Done < Total && (Total - Done) / rate < TimeSpan.FromDays(99).TotalSeconds
        ? $", {JsonText.Duration(TimeSpan.FromSeconds(Math.Ceiling((Total - Done) / rate)))} left"
        : "";
}
