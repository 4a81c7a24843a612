using System.Reflection;
using System.Reflection.Emit;
using PhaseMesh.Cluster.Hosting;
using PhaseMesh.Cluster.Tests.Support;

namespace PhaseMesh.Cluster.Tests.Engine;

public sealed class GrainRulesTests
{
    [Fact]
    public void GrainsOfThisAssembly_KeepTheRules() => GrainRules.Check(typeof(ICounterGrain).Assembly);

    [Fact]
    public void EveryBreach_IsNamed()
    {
        AssemblyBuilder assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Bad"), AssemblyBuilderAccess.Run);
        ModuleBuilder module = assembly.DefineDynamicModule("Bad");
        TypeBuilder noKey = module.DefineType("INoKey", TypeAttributes.Interface | TypeAttributes.Abstract | TypeAttributes.Public);
        noKey.AddInterfaceImplementation(typeof(IGrain));
        noKey.CreateType();
        TypeBuilder bad = module.DefineType("IBad", TypeAttributes.Interface | TypeAttributes.Abstract | TypeAttributes.Public);
        bad.AddInterfaceImplementation(typeof(IGrainWithStringKey));
        const MethodAttributes Method = MethodAttributes.Abstract | MethodAttributes.Virtual | MethodAttributes.Public;
        bad.DefineMethod("Sync", Method, typeof(int), []);
        bad.DefineMethod("Result", Method, typeof(Task<List<int>>), []);
        bad.DefineMethod("Argument", Method, typeof(Task), [typeof(IReadOnlyList<int[]>)]);
        bad.DefineMethod("Reference", Method, typeof(Task), [typeof(int).MakeByRefType()]);
        bad.CreateType();
        TypeBuilder grain = module.DefineType("KeepingGrain", TypeAttributes.Public, typeof(Grain));
        grain.DefineField("_count", typeof(int), FieldAttributes.Private);
        grain.CreateType();

        GrainRuleException fault = Assert.Throws<GrainRuleException>(() => GrainRules.Check(assembly));

        Assert.All(
            ["INoKey", "IBad.Sync returns Int32", "IBad.Result returns List`1", "IBad.Argument takes Int32[]", "IBad.Reference "
                + "takes", "KeepingGrain._count"],
            breach => Assert.Contains(breach, fault.Message));
    }

    [Fact]
    public async Task KeyThatBreaksTheRule_IsRefused()
    {
        await using InMemoryLab lab = new();
        GrainCluster silo = await lab.StartSiloAsync();
        foreach (string key in (string[])["", "a\nb", "half \uD83D", "\uDE00 first", new string('x', 513)])
        {
            Assert.Throws<ArgumentException>(() => silo.GetGrain<ICounterGrain>(key));
        }

        Assert.Throws<ArgumentException>(() => silo.GetGrain<IUnknownGrain>("a"));
    }

    public interface IUnknownGrain : IGrainWithStringKey;
}
