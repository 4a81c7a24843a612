using System.Globalization;
using System.Text;

namespace PhaseMesh.Manifests.Reading;

/// <summary>Where a reader is, such as <c>artifacts.kernel.chunks[3]</c>; put into words only for an error.</summary>
internal sealed class JsonPath
{
    private readonly Stack<(string? Name, int Index)> _steps = new();

    internal void Enter(string name) => _steps.Push((name, 0));

    internal void Enter(int index) => _steps.Push((null, index));

    internal void Leave() => _steps.Pop();

    public override string ToString()
    {
        StringBuilder text = new();
        foreach ((string? name, int index) in _steps.Reverse())
        {
            if (name is null)
            {
                text.Append(CultureInfo.InvariantCulture, $"[{index}]");
            }
            else
            {
                text.Append(text.Length > 0 ? "." : "").Append(Excerpt.Of(name));
            }
        }

        return text.ToString();
    }
}
