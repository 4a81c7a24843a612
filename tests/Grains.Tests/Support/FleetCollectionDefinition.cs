namespace PhaseMesh.Grains.Tests.Support;

[CollectionDefinition("Fleet")]
public sealed class FleetCollectionDefinition : ICollectionFixture<FleetStorages>;
