using System.Collections.Concurrent;
using System.Reflection;

namespace PhaseMesh.Cluster.Queries;

internal enum FieldComparison
{
    Equal,
    NotEqual,
    In,
    AtLeast,
    Below,
    Missing,
}

/// <param name="Field">What is compared.</param>
/// <param name="Comparison">How.</param>
/// <param name="Values">Each a string or a long, as the field is.</param>
internal sealed record FieldCondition(StateField Field, FieldComparison Comparison, IReadOnlyList<object> Values);

/// <summary>A declared property: its values are kept as text or as a 64-bit number, and nothing else.</summary>
internal sealed class StateField
{
    private readonly PropertyInfo _property;
    private readonly Type _type;

    public StateField(PropertyInfo property)
    {
        _property = property;
        _type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        IsText = _type == typeof(string) || _type.IsEnum;
        if (!IsText && _type != typeof(bool) && _type != typeof(DateTimeOffset) && _type != typeof(TimeSpan) && !IsInteger(_type))
        {
            throw new GrainRuleException($"{property.DeclaringType?.Name}.{property.Name} is a grain field of type {_type.Name}; "
                + "expected string, bool, an enum, an integer up to long, DateTimeOffset or TimeSpan.");
        }
    }

    /// <summary>An identifier of C#, so safe inside SQL text.</summary>
    public string Name => _property.Name;

    public bool IsText { get; }

    /// <returns>A string, a long, or null.</returns>
    public object? ValueIn(object state) => Normalize(_property.GetValue(state));

    public static object? Normalize(object? value) => value switch
    {
        null => null,
        string text => text.Length > GrainFieldAttribute.MaxTextLength ? text[..GrainFieldAttribute.MaxTextLength] : text,
        Enum member => member.ToString(),
        bool flag => flag ? 1L : 0L,
        DateTimeOffset time => time.UtcTicks / TimeSpan.TicksPerMicrosecond,
        TimeSpan span => span.Ticks / TimeSpan.TicksPerMicrosecond,
        _ => Convert.ToInt64(value),
    };

    private static bool IsInteger(Type type) => Type.GetTypeCode(type) is TypeCode.Byte or TypeCode.SByte or TypeCode.Int16
        or TypeCode.UInt16 or TypeCode.Int32 or TypeCode.UInt32 or TypeCode.Int64;
}

/// <summary>The declared properties of a state's type.</summary>
internal sealed class StateFields
{
    private static readonly ConcurrentDictionary<Type, StateFields> Known = [];
    private readonly Type _type;

    private StateFields(Type type)
    {
        _type = type;
        All = [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.IsDefined(typeof(GrainFieldAttribute))).Select(property => new StateField(property))];
        if (All.Count > GrainFieldAttribute.MaxFields)
        {
            throw new GrainRuleException($"{type.Name} declares {All.Count} grain fields; at most {GrainFieldAttribute.MaxFields} "
                + $"are kept and indexed.");
        }
    }

    public IReadOnlyList<StateField> All { get; }

    public static StateFields Of(Type type) => Known.GetOrAdd(type, static type => new StateFields(type));

    public StateField Find(string name) => All.FirstOrDefault(field => field.Name == name)
        ?? throw new ArgumentException($"{_type.Name}.{name} can't be queried: it has no [GrainField].", nameof(name));
}
