# A program that a test talks to through pipes: it ends when they are closed, at
# the latest with the object that has its pid, in and out.

package PipedProgram;

use strict;
use warnings;

sub stop
{
	my ($self) = @_;
	return unless $self->{pid};
	close $self->{in};
	close $self->{out};
	local $?;
	waitpid($self->{pid}, 0);
	$self->{pid} = 0;
	return;
}

sub DESTROY
{
	my ($self) = @_;
	$self->stop;
	return;
}

1;
