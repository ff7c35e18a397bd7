//! A room on axum as everyone writes it: a tokio broadcast channel, and for each member a task that forwards it to the socket.
//! usage: axum-room HOST:PORT [--nodelay]
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt;
use axum::Router;
use futures_util::{SinkExt, StreamExt};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::broadcast::{self, error::RecvError, Sender};

const CAPACITY: usize = 100;

type Rooms = Arc<Mutex<HashMap<String, Sender<String>>>>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let address = arguments.first().map_or("127.0.0.1:3000", String::as_str);
    let rooms = Rooms::default();
    let app = Router::new().route("/echo", get(echo)).route("/room/{name}", get(join)).with_state(rooms);
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    if arguments.iter().any(|argument| argument == "--nodelay") {
        let eager = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(eager, app).await
    } else {
        axum::serve(listener, app).await
    }
}

async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Text(_)) && socket.send(message).await.is_err() {
                return;
            }
        }
    })
}

async fn join(upgrade: WebSocketUpgrade, Path(name): Path<String>, State(rooms): State<Rooms>) -> Response {
    let room = rooms
        .lock()
        .expect("nobody panics with it")
        .entry(name)
        .or_insert_with(|| broadcast::channel(CAPACITY).0)
        .clone();
    upgrade.on_upgrade(|socket| member(socket, room))
}

async fn member(socket: WebSocket, room: Sender<String>) {
    let (mut sink, mut stream) = socket.split();
    let mut messages = room.subscribe();
    let mut sending = tokio::spawn(async move {
        loop {
            match messages.recv().await {
                Ok(text) => {
                    if sink.send(Message::Text(text.into())).await.is_err() {
                        return;
                    }
                }
                // Too slow for the channel: some messages are lost.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
    let mut receiving = tokio::spawn(async move {
        while let Some(Ok(Message::Text(text))) = stream.next().await {
            let _ = room.send(text.to_string());
        }
    });
    tokio::select! {
        _ = &mut sending => receiving.abort(),
        _ = &mut receiving => sending.abort(),
    }
}
