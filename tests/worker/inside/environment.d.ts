declare namespace Cloudflare {
  interface Env {
    readonly PARLOR: DurableObjectNamespace
    readonly ADAPTERS: DurableObjectNamespace<import('./adapter-object.ts').AdapterObject>
  }
}
