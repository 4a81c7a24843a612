using System.Reflection;
using System.Text.Json;
using PhaseMesh.Cluster;
using PhaseMesh.Cluster.Concurrency;
using PhaseMesh.Cluster.Runtime;
using PhaseMesh.Grains.OnCluster;

namespace PhaseMesh.Grains.Tests;

/// <summary>Rules that both engines need and no compiler checks.</summary>
public class GrainRulesTests
{
    private static readonly Type[] All = typeof(PhaseMeshGrains).Assembly.GetTypes();

    public static TheoryData<string> Interfaces => [.. GrainInterfaces().Select(type => type.Name)];

    public static TheoryData<string> Classes => [.. All.Where(type => type.IsAssignableTo(typeof(Grain))).Select(type => type.Name)];

    public static TheoryData<string> Serialized => [.. All.Where(IsSerialized).Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void Interface_HasAStringKey_AndOnlyAsynchronousMethods(string name)
    {
        Type type = Named(name);

        Assert.Contains(typeof(IGrainWithStringKey), type.GetInterfaces());
        Assert.All(Methods(type), method =>
        {
            Assert.True(method.ReturnType.IsAssignableTo(typeof(Task)), $"{name}.{method.Name} returns {method.ReturnType.Name}");
            Assert.EndsWith("Async", method.Name, StringComparison.Ordinal);
            Assert.DoesNotContain(method.GetParameters(), parameter => parameter.ParameterType.IsByRef);
        });
        Assert.Single(All, candidate => candidate.IsClass && candidate.IsAssignableTo(type) && candidate.IsAssignableTo(typeof(Grain)));
    }

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void Interface_WhatOnlyReads_SaysSo(string name) => Assert.All(
        Methods(Named(name)),
        method => Assert.Equal(
            method.IsDefined(typeof(ReadOnlyAttribute)),
            method.Name.StartsWith("Get", StringComparison.Ordinal) || method.Name.StartsWith("Is", StringComparison.Ordinal)
                || method.Name is "CheckAsync" or "FindAsync" or "AssignAsync" or "TryAnswerAsync"));

    [Theory]
    [MemberData(nameof(Interfaces))]
    public void Interface_WhatTravels_IsSerializableAndImmutable(string name) => Assert.All(
        Methods(Named(name)).SelectMany(method => method.GetParameters().Select(parameter => parameter.ParameterType)
            .Append(method.ReturnType))
            .SelectMany(Parts).Where(type => type.Assembly == typeof(PhaseMeshGrains).Assembly).Distinct(),
        type =>
        {
            Assert.True(type.IsDefined(typeof(GenerateSerializerAttribute)), $"{type.Name} has no [GenerateSerializer]");
            Assert.True(type.IsEnum || type.IsDefined(typeof(ImmutableAttribute)), $"{type.Name} is not [Immutable]");
        });

    [Theory]
    [MemberData(nameof(Classes))]
    public void Class_KeepsNothingButItsStateAndServices(string name)
    {
        Type type = Named(name);

        Assert.True(type.IsSealed);
        Assert.All(
            type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public),
            field => Assert.True(
                field.FieldType.IsInterface || field.FieldType == typeof(FleetOptions) || field.FieldType == typeof(TimeProvider),
                $"{name} keeps {field.FieldType.Name} {field.Name}: grains run on every silo, so what is not state is not there"));
        Assert.True(type.GetConstructors().Single().GetParameters().Count(parameter =>
            parameter.IsDefined(typeof(PersistentStateAttribute))) <= 1);
    }

    [Theory]
    [MemberData(nameof(Serialized))]
    public void Members_HaveIdsOfTheirOwn(string name)
    {
        Type type = Named(name);
        if (type.IsEnum)
        {
            return;
        }

        PropertyInfo[] members = [.. type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
            .Where(member => member.CanWrite)];
        Assert.All(members, member => Assert.True(member.IsDefined(typeof(IdAttribute)), $"{name}.{member.Name} has no [Id]"));
        Assert.Equal(Enumerable.Range(0, members.Length).Select(id => (uint)id), members.Select(member =>
            member.GetCustomAttribute<IdAttribute>()!.Id).Order());
    }

    [Theory]
    [MemberData(nameof(Serialized))]
    public void Empty_WrittenAndRead_IsTheSame(string name)
    {
        Type type = Named(name);
        if (type.IsEnum || type.IsAssignableTo(typeof(Exception)) || type.GetConstructor(Type.EmptyTypes) is null)
        {
            return;
        }

        string written = JsonSerializer.Serialize(Activator.CreateInstance(type), type);

        Assert.Equal(written, JsonSerializer.Serialize(JsonSerializer.Deserialize(written, type), type));
        Assert.NotNull(JsonSerializer.Serialize(JsonSerializer.Deserialize("{}", type), type));
    }

    private static IEnumerable<Type> GrainInterfaces() => All.Where(type => type.IsInterface && type.IsAssignableTo(typeof(IGrain)));

    private static MethodInfo[] Methods(Type type) => [.. type.GetMethods().Where(method => method.IsAbstract)];

    private static bool IsSerialized(Type type) => type.IsDefined(typeof(GenerateSerializerAttribute));

    private static IEnumerable<Type> Parts(Type type) => type.IsGenericType ? type.GenericTypeArguments.SelectMany(Parts) : [type];

    private static Type Named(string name) => All.Single(type => type.Name == name);
}
