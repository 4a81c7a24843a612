using System.Linq.Expressions;
using System.Reflection;

namespace PhaseMesh.Cluster.Queries;

/// <summary>
/// Which states of one kind, in which order. Every condition must hold; properties are named by expressions such as <c>s =&gt;
/// s.Phase</c> and must have <see cref="GrainFieldAttribute"/>. A missing value (null) meets only <c>WhereIsMissing</c>.
/// </summary>
public sealed class GrainFilter<TState>
{
    private readonly List<FieldCondition> _conditions = [];

    internal IReadOnlyList<FieldCondition> Conditions => _conditions;

    internal StateField? OrderField { get; private set; }

    internal bool IsDescending { get; private set; }

    internal string? KeyPrefix { get; private set; }

    public GrainFilter<TState> Where<T>(Expression<Func<TState, T>> property, T value) =>
        value is null ? WhereIsMissing(property) : Add(property, FieldComparison.Equal, value);

    public GrainFilter<TState> WhereNot<T>(Expression<Func<TState, T>> property, T value) =>
        Add(property, FieldComparison.NotEqual, value!);

    /// <summary>One of at most 100 values.</summary>
    public GrainFilter<TState> WhereIn<T>(Expression<Func<TState, T>> property, params IReadOnlyCollection<T> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(values.Count, 100, nameof(values));
        StateField field = FieldOf(property);
        _conditions.Add(new FieldCondition(field, FieldComparison.In, [.. values.Select(value => StateField.Normalize(value!)!)]));
        return this;
    }

    public GrainFilter<TState> WhereAtLeast<T>(Expression<Func<TState, T>> property, T value) =>
        Add(property, FieldComparison.AtLeast, value!);

    public GrainFilter<TState> WhereBelow<T>(Expression<Func<TState, T>> property, T value) => Add(property, FieldComparison.Below, value!);

    public GrainFilter<TState> WhereIsMissing<T>(Expression<Func<TState, T>> property)
    {
        _conditions.Add(new FieldCondition(FieldOf(property), FieldComparison.Missing, []));
        return this;
    }

    /// <summary>Only grains whose key begins so.</summary>
    public GrainFilter<TState> WhereKeyStartsWith(string prefix)
    {
        KeyPrefix = prefix;
        return this;
    }

    /// <summary>Orders by a property, then by key; rows without a value are left out. Without it: by key.</summary>
    public GrainFilter<TState> OrderBy<T>(Expression<Func<TState, T>> property) => Order(property, isDescending: false);

    public GrainFilter<TState> OrderByDescending<T>(Expression<Func<TState, T>> property) => Order(property, isDescending: true);

    internal static StateField FieldOf<T>(Expression<Func<TState, T>> property)
    {
        ArgumentNullException.ThrowIfNull(property);
        Expression body = property.Body is UnaryExpression { NodeType: ExpressionType.Convert } convert ? convert.Operand : property.Body;
        return body is MemberExpression { Member: PropertyInfo named, Expression: ParameterExpression }
            ? StateFields.Of(typeof(TState)).Find(named.Name)
            : throw new ArgumentException($"Expected a property of {typeof(TState).Name} such as s => s.Phase, found "
                + $"{property}.", nameof(property));
    }

    private GrainFilter<TState> Order<T>(Expression<Func<TState, T>> property, bool isDescending)
    {
        (OrderField, IsDescending) = (FieldOf(property), isDescending);
        return this;
    }

    private GrainFilter<TState> Add<T>(Expression<Func<TState, T>> property, FieldComparison comparison, object value)
    {
        StateField field = FieldOf(property);
        _conditions.Add(new FieldCondition(field, comparison,
            [StateField.Normalize(value) ?? throw new ArgumentNullException(nameof(value), $"{field.Name} is compared with null; use "
                + $"WhereIsMissing.")]));
        return this;
    }
}
